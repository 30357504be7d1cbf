import {
  createActor,
  fromTransition,
  type AnyActorRef,
  type AnyEventObject,
  type AnyMachineSnapshot,
  type AnyStateMachine,
  type Snapshot,
} from 'xstate';
import { actorOf, type ActorState } from '../actors/actor.ts';
import { compiled } from '../actors/compiled.ts';
import { NotCompilableError } from '../actors/not-compilable.ts';
import { withoutEffects } from '../machines/bind.ts';
import { connectionMachine } from '../machines/connection.ts';
import { joinPhaseMachine } from '../machines/join-phase.ts';
import { backoffMachine } from '../machines/policies/backoff.ts';
import { recoveryMachine } from '../machines/policies/recovery.ts';
import { localityMachine } from '../machines/policies/locality.ts';
import { speculationMachine } from '../machines/policies/speculation.ts';
import { sentinelMachine } from '../machines/sentinel.ts';
import { valueLeaseMachine } from '../machines/value-lease.ts';
import { sessionMachine } from '../machines/session.ts';
import { shutdownMachine } from '../machines/shutdown.ts';
import { sleighMachine } from '../machines/sleigh.ts';
import { workMachine } from '../machines/work.ts';
import { workerMachine } from '../machines/worker.ts';
import { BEGINNING, stateText, STOPPED } from './step.ts';

/** An actor of the right machine without effects, in the state in which an observed actor must be. */
export interface Follower {
  send(event: AnyEventObject): void;
  getSnapshot(): AnyMachineSnapshot;
}

/** A step of an observed actor: the states as texts. */
interface ObservedStep {
  readonly event: AnyEventObject;
  readonly before: string;
  readonly after: string;
}

const nobody = fromTransition((state: null) => state, null);

/** The machines by name. The supervisor's children are observed by themselves, so here it gets inert children. */
const MACHINES: ReadonlyMap<string, AnyStateMachine> = new Map<string, AnyStateMachine>([
  ...[
    connectionMachine,
    sessionMachine,
    valueLeaseMachine,
    joinPhaseMachine,
    recoveryMachine,
    backoffMachine,
    speculationMachine,
    localityMachine,
    sentinelMachine,
    shutdownMachine,
    workMachine,
    workerMachine,
  ].map((machine): [string, AnyStateMachine] => [machine.id, machine]),
  [sleighMachine.id, silenced(sleighMachine)],
]);

function silenced(machine: AnyStateMachine): AnyStateMachine {
  return machine.provide({ actors: { joinPhase: nobody, shutdown: nobody } });
}

/** With the inert children of an actor. */
const persisted = (actor: AnyActorRef): Snapshot<unknown> => actor.getPersistedSnapshot();

/** Checks the steps of actors against their machines: those of a trace, or those of a running server. */
export class Followers {
  /** Whether the event of the current step is unexpected in its machine. */
  #unexpected = false;
  readonly #parent: AnyActorRef = createActor(nobody).start();
  readonly #machines: ReadonlyMap<string, AnyStateMachine>;
  /** Machines whose beginning only XState can run. */
  readonly #beginsInXState = new Set<AnyStateMachine>();
  /** By the value of a state, which all actors in that state share. */
  readonly #texts = new WeakMap<object, string>();

  /** @param policies machines that plugins bring */
  constructor(policies: readonly AnyStateMachine[] = []) {
    const all = new Map([...MACHINES, ...policies.map((machine) => [machine.id, machine] as const)]);
    this.#machines = new Map(Array.from(all, ([id, machine]) => [id, this.#followed(machine)]));
  }

  #followed(machine: AnyStateMachine): AnyStateMachine {
    const actions = { reportUnexpected: () => (this.#unexpected = true) };
    return compiled(withoutEffects(machine).provide({ actions }));
  }

  has(chart: string): boolean {
    return this.#machines.has(chart);
  }

  /**
   * @param restored the state of an earlier actor that the observed one continues
   * @returns undefined if there is no machine of that name
   */
  follow(chart: string, input: unknown, restored?: ActorState): Follower | undefined {
    const machine = this.#machines.get(chart);
    if (machine === undefined) return undefined;
    const origin = { id: 'followed', input, parent: this.#parent, restored };
    if (!this.#beginsInXState.has(machine))
      try {
        const follower = actorOf(machine, origin);
        follower.start();
        return follower;
      } catch (error) {
        if (!(error instanceof NotCompilableError)) throw error;
        this.#beginsInXState.add(machine);
      }
    const actor = createActor(machine, origin).start();
    if (restored === undefined) return actor;
    return createActor(machine, { ...origin, snapshot: { ...persisted(actor), ...restored } }).start();
  }

  /** Takes the step with the follower. @returns what the machine does instead, or undefined if it does the same */
  check(follower: Follower, { event, before, after }: ObservedStep): string | undefined {
    if (event.type === STOPPED) return undefined;
    const now = this.#stateOf(follower);
    if (event.type !== BEGINNING) {
      if (now !== before) return `it begins in "${before}", and the chart is in "${now}"`;
      if (follower.getSnapshot().status !== 'active') return `the actor had ended in "${before}"`;
      this.#unexpected = false;
      follower.send(event);
      if (this.#unexpected) return `"${event.type}" has no place in "${before}"`;
    }
    const next = this.#stateOf(follower);
    return next === after ? undefined : `the chart goes from "${before}" to "${next}", not to "${after}"`;
  }

  #stateOf(follower: Follower): string {
    const value: unknown = follower.getSnapshot().value;
    if (typeof value !== 'object' || value === null) return stateText(value);
    let text = this.#texts.get(value);
    if (text === undefined) this.#texts.set(value, (text = stateText(value)));
    return text;
  }
}
