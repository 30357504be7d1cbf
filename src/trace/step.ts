/** One step of one actor, as a trace writes it: a line of JSON. */
export interface TraceStep {
  /** Milliseconds since 1970. */
  readonly time: number;
  /** The sleigh or the connection that it belongs to. */
  readonly scope: string;
  /** Its name there, such as `worker.3`. */
  readonly actor: string;
  /** The chart that it follows. */
  readonly chart: string;
  readonly event: TraceEvent;
  /** Who sent it, where that was another actor. */
  readonly from?: string;
  /** The state before, such as `registered.idle`; '' when the actor begins with this step. */
  readonly before: string;
  readonly after: string;
  /** The clause of the transition, as the chart names it; '' when no transition was taken. */
  readonly clause: string;
}

/** What a chart was told, without what only a running server can hold. */
export interface TraceEvent {
  readonly type: string;
  readonly [detail: string]: unknown;
}

/** What an actor begins with, its `input` being what it was made with; and what ends it with the actor above it. */
export { BEGINNING, STOPPED } from '../actors/step-catalog.ts';

/** A state value as text: `registered.idle`. */
export function stateText(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value !== 'object' || value === null) return '';
  return Object.entries(value)
    .map(([key, inner]) => (stateText(inner) === '' ? key : `${key}.${stateText(inner)}`))
    .join('+');
}
