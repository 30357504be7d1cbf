import {
  createActor,
  fromTransition,
  type AnyActorRef,
  type AnyStateMachine,
  type EventFrom,
  type InputFrom,
  type InspectionEvent,
} from 'xstate';
import { actorOf, type ActorOf, type ActorState } from '../actors/actor.ts';
import type { ActorSystem } from '../machines/bind.ts';
import { inspectedBy } from '../workspace/inspection.ts';
import type { Workspace } from '../workspace/workspace.ts';

/** What a machine of a policy may command. */
export type PolicyCommand =
  | { readonly type: 'requeue' | 'retry' | 'answer' | 'drop' }
  | { readonly type: 'wait'; readonly milliseconds: number };

/** What an actor of a policy did with an event. */
export interface PolicyStep {
  readonly commands: readonly PolicyCommand[];
  /** What it has thrown. */
  readonly error: unknown;
}

/**
 * The actors of policies (S30.3). They have a system of their own, so that one that fails does not fail its job, and
 * what they command is collected while they handle an event.
 */
export class PolicyActors {
  readonly #workspace: Workspace;
  readonly #own: (system: ActorSystem) => void;
  #root: AnyActorRef | undefined;
  /** What the actors that handle an event now have commanded, by their ids. */
  readonly #noted = new Map<string, PolicyCommand[]>();
  readonly #errors = new Map<string, unknown>();

  /** @param own makes the job the owner of their system */
  constructor(workspace: Workspace, own: (system: ActorSystem) => void) {
    this.#workspace = workspace;
    this.#own = own;
  }

  /**
   * Begins an actor.
   * @param restored the state of an earlier one, which it continues
   */
  begin<Machine extends AnyStateMachine>(
    machine: Machine,
    origin: {
      readonly id: string;
      readonly input: InputFrom<Machine>;
      readonly restored?: ActorState | undefined;
    },
  ): ActorOf<Machine> {
    const failed = (error: unknown): void => void this.#errors.set(origin.id, error);
    const actor = actorOf(machine, { ...origin, parent: this.#parent, failed });
    actor.start();
    return actor;
  }

  get #parent(): AnyActorRef {
    if (this.#root !== undefined) return this.#root;
    const { name, host } = this.#workspace;
    const nobody = fromTransition((state: null) => state, null);
    const { inspect } = inspectedBy(host.tracer, `sleigh ${name}`);
    // The root of the system is no machine, so it has no steps.
    const ofOthers = (inspected: InspectionEvent): void =>
      inspected.actorRef === this.#root ? undefined : inspect?.(inspected);
    this.#root = createActor(nobody, { id: 'policies', ...(inspect && { inspect: ofOthers }) });
    this.#own(this.#root.system);
    this.#root.start();
    return this.#root;
  }

  /** Called by the actions of the machines. */
  note(id: string, command: PolicyCommand): void {
    this.#noted.get(id)?.push(command);
  }

  /** Sends an event. @returns what the actor commands */
  send<Machine extends AnyStateMachine>(actor: ActorOf<Machine>, event: EventFrom<Machine>): PolicyStep {
    const commands: PolicyCommand[] = [];
    this.#noted.set(actor.id, commands);
    actor.send(event);
    this.#noted.delete(actor.id);
    const error = this.#errors.get(actor.id);
    this.#errors.delete(actor.id);
    return { commands, error };
  }
}
