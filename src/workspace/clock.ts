/** The time of the current event, in milliseconds since 1970. Events carry the time; the core reads no clock. */
export type Clock = () => number;
