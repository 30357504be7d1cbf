import type {
  ActorRefLike,
  AnyEventObject,
  AnyTransitionDefinition,
  InspectedSnapshotEvent,
  InspectionEvent,
  Snapshot,
} from 'xstate';
import type { Tracer } from '../workspace/tracing.ts';
import { clauseOf } from '../actors/clause.ts';
import { BEGINNING, stateText, type TraceEvent, type TraceStep } from './step.ts';

/** Turns the inspection events of XState into steps. */
export class TraceRecorder {
  readonly #clock: () => number;
  readonly #write: (step: TraceStep) => void;
  readonly #failed: (error: unknown) => void;
  readonly #before = new WeakMap<ActorRefLike, string>();
  readonly #senders = new WeakMap<AnyEventObject, string>();

  /** @param failed called when a step cannot be written; the traced actor continues */
  constructor(clock: () => number, write: (step: TraceStep) => void, failed: (error: unknown) => void) {
    this.#clock = clock;
    this.#write = write;
    this.#failed = failed;
  }

  readonly tracer: Tracer = (scope) => (inspected) => {
    try {
      this.#note(scope, inspected);
    } catch (error) {
      this.#failed(error);
    }
  };

  #note(scope: string, inspected: InspectionEvent): void {
    if (inspected.type === '@xstate.event') {
      if (inspected.sourceRef !== undefined) this.#senders.set(inspected.event, nameOf(inspected.sourceRef));
    } else if (inspected.type === '@xstate.microstep') this.#step(scope, inspected, inspected._transitions);
    // XState does not report the start of an actor as a microstep.
    else if (inspected.type === '@xstate.snapshot' && inspected.event.type === BEGINNING)
      this.#step(scope, inspected, []);
  }

  #step(
    scope: string,
    { actorRef, event, snapshot }: Pick<InspectedSnapshotEvent, 'actorRef' | 'event' | 'snapshot'>,
    transitions: readonly AnyTransitionDefinition[],
  ): void {
    const after = 'value' in snapshot ? stateText(snapshot.value) : '';
    const from = this.#senders.get(event);
    const description = transitions.map((transition) => transition.description ?? '').join(' ');
    this.#write({
      time: this.#clock(),
      scope,
      actor: nameOf(actorRef),
      chart: chartOf(snapshot),
      event: plain(event),
      ...(from !== undefined && { from }),
      before: this.#before.get(actorRef) ?? '',
      after,
      clause: transitions
        .map(clauseOf)
        .filter((clause) => clause !== '')
        .join('; '),
      ...(description !== '' && { description }),
    });
    this.#before.set(actorRef, after);
  }
}

const nameOf = (ref: ActorRefLike): string =>
  'id' in ref && typeof ref.id === 'string' ? ref.id : ref.sessionId;

const chartOf = (snapshot: Snapshot<unknown>): string =>
  'machine' in snapshot &&
  typeof snapshot.machine === 'object' &&
  snapshot.machine !== null &&
  'id' in snapshot.machine
    ? String(snapshot.machine.id)
    : '';

/** The serializable form of an event. Events are data, except for the errors that XState reports. */
function plain(event: AnyEventObject): TraceEvent {
  const details = Object.entries(event).map(([name, value]): [string, unknown] => [name, plainValue(value)]);
  return { ...Object.fromEntries(details), type: event.type };
}

function plainValue(value: unknown): unknown {
  if (value instanceof Error) return value.message;
  return value;
}
