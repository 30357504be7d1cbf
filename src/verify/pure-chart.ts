import {
  createActor,
  fromTransition,
  type AnyActorScope,
  type AnyEventObject,
  type AnyMachineSnapshot,
  type AnyStateMachine,
} from 'xstate';

const nothing = (): void => undefined;
const nobody = fromTransition((state: null) => state, null);

/** A machine as a function: its actor has a parent to send to, and its actions do nothing. */
export class PureChart {
  readonly #machine: AnyStateMachine;
  readonly #input: unknown;
  readonly #scope: AnyActorScope;

  constructor(machine: AnyStateMachine, input: unknown) {
    this.#machine = machine;
    this.#input = input;
    const self = createActor(machine, { parent: createActor(nobody), id: machine.id, input });
    this.#scope = {
      self,
      system: self.system,
      id: self.id,
      sessionId: self.sessionId,
      logger: nothing,
      defer: nothing,
      stopChild: nothing,
      emit: nothing,
      actionExecutor: nothing,
    };
  }

  begin(): AnyMachineSnapshot {
    return this.#machine.getInitialSnapshot(this.#scope, this.#input);
  }

  after(snapshot: AnyMachineSnapshot, event: AnyEventObject): AnyMachineSnapshot {
    return this.#machine.transition(snapshot, event, this.#scope);
  }
}
