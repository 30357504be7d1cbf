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
import type { PlacementCommand, PolicyStep, RecoveryCommand, StragglersCommand } from './policy-command.ts';

/**
 * The actor system of the policies of a job. It is not that of the job, so that an actor of a policy that fails does not
 * fail its job.
 */
class PolicySystem {
  readonly #workspace: Workspace;
  readonly #own: (system: ActorSystem) => void;
  #root: AnyActorRef | undefined;

  constructor(workspace: Workspace, own: (system: ActorSystem) => void) {
    this.#workspace = workspace;
    this.#own = own;
  }

  get root(): AnyActorRef {
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
}

/**
 * The actors of one role (S30.3, S31, S32). What they command is collected while they handle an event, and is carried out
 * afterwards: an actor that fails, or commands two things, has then changed nothing.
 */
export class PolicyActors<Command> {
  readonly #system: PolicySystem;
  /** What the actors that handle an event now have commanded, by their ids. */
  readonly #noted = new Map<string, Command[]>();
  readonly #errors = new Map<string, unknown>();

  constructor(system: PolicySystem) {
    this.#system = system;
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
    const actor = actorOf(machine, { ...origin, parent: this.#system.root, failed });
    actor.start();
    return actor;
  }

  /** Called by the actions of the machines. */
  note(id: string, command: Command): void {
    this.#noted.get(id)?.push(command);
  }

  /** Sends an event. @returns what the actor commands */
  send<Machine extends AnyStateMachine>(
    actor: ActorOf<Machine>,
    event: EventFrom<Machine>,
  ): PolicyStep<Command> {
    const commands: Command[] = [];
    this.#noted.set(actor.id, commands);
    actor.send(event);
    this.#noted.delete(actor.id);
    const error = this.#errors.get(actor.id);
    this.#errors.delete(actor.id);
    return { commands, error };
  }
}

/** The actors of the policies of a job, by their roles. */
export interface Policies {
  readonly recovery: PolicyActors<RecoveryCommand>;
  readonly stragglers: PolicyActors<StragglersCommand>;
  readonly placement: PolicyActors<PlacementCommand>;
}

/** @param own makes the job the owner of their system */
export function policiesOf(workspace: Workspace, own: (system: ActorSystem) => void): Policies {
  const system = new PolicySystem(workspace, own);
  return {
    recovery: new PolicyActors(system),
    stragglers: new PolicyActors(system),
    placement: new PolicyActors(system),
  };
}
