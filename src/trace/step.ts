/** One step of one actor. A trace has it as a line of JSON. */
export interface TraceStep {
  /** Milliseconds since 1970. */
  readonly time: number;
  /** The sleigh or the connection that it belongs to. */
  readonly scope: string;
  /** Its name there, such as `worker.3`. */
  readonly actor: string;
  /** The name of its machine. */
  readonly chart: string;
  readonly event: TraceEvent;
  /** The actor that sent the event, if it was sent by an actor. */
  readonly from?: string;
  /** The state before, such as `registered.idle`; '' when the actor begins with this step. */
  readonly before: string;
  readonly after: string;
  /** The clause of the transition, from the machine; '' if no transition was taken. */
  readonly clause: string;
  /** What the transition means, in a sentence; traces of older servers have none. */
  readonly description?: string;
}

/** The event of a step, without anything that exists only in a running server. */
export interface TraceEvent {
  readonly type: string;
  readonly [detail: string]: unknown;
}

/** The first event of an actor, with the `input` of the machine, and the one that ends it together with its parent. */
export { BEGINNING, STOPPED } from '../actors/step-catalog.ts';

/** A state value as text: `registered.idle`. */
export function stateText(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value !== 'object' || value === null) return '';
  return Object.entries(value)
    .map(([key, inner]) => (stateText(inner) === '' ? key : `${key}.${stateText(inner)}`))
    .join('+');
}
