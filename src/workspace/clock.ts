/** The time of the event at hand, in milliseconds since 1970: time comes in with events, nobody looks at a clock. */
export type Clock = () => number;
