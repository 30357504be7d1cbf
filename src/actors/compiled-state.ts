import { matchesState, type AnyMachineSnapshot, type AnyStateNode, type MachineContext } from 'xstate';

/** An innermost state of a machine, with what is the same for all actors that are in it. */
export class CompiledState {
  readonly leaf: AnyStateNode;
  /** XState's, without a context. */
  readonly #common: AnyMachineSnapshot;

  constructor(leaf: AnyStateNode, common: AnyMachineSnapshot) {
    this.leaf = leaf;
    this.#common = common;
  }

  get tags(): Common<'tags'> {
    return this.#common.tags;
  }

  /** As XState makes it, who copies it all the time. */
  whole(context: MachineContext): AnyMachineSnapshot {
    return { ...this.#common, context };
  }

  /** What an actor there is just now: so small that it is made for whoever asks, and nothing is kept. */
  snapshot(context: MachineContext): Snapshot {
    return new Snapshot(this.#common, context);
  }
}

type Common<Name extends keyof AnyMachineSnapshot> = AnyMachineSnapshot[Name];

/** Has all that XState's snapshots have, and shares all but the context. */
export class Snapshot {
  readonly context: MachineContext;
  readonly #common: AnyMachineSnapshot;

  constructor(common: AnyMachineSnapshot, context: MachineContext) {
    this.#common = common;
    this.context = context;
  }

  get value(): Common<'value'> {
    return this.#common.value;
  }
  get tags(): Common<'tags'> {
    return this.#common.tags;
  }
  get status(): Common<'status'> {
    return this.#common.status;
  }
  get output(): Common<'output'> {
    return this.#common.output;
  }
  get error(): Common<'error'> {
    return this.#common.error;
  }
  get machine(): Common<'machine'> {
    return this.#common.machine;
  }
  get children(): Common<'children'> {
    return this.#common.children;
  }
  get historyValue(): Common<'historyValue'> {
    return this.#common.historyValue;
  }
  get _nodes(): Common<'_nodes'> {
    return this.#common._nodes;
  }

  hasTag(tag: string): boolean {
    return this.tags.has(tag);
  }
  matches(value: Parameters<typeof matchesState>[0]): boolean {
    return matchesState(value, this.value);
  }
  can(event: Parameters<Common<'can'>>[0]): boolean {
    return this.#whole.can(event);
  }
  getMeta(): ReturnType<Common<'getMeta'>> {
    return this.#whole.getMeta();
  }
  toJSON(): unknown {
    return this.#whole.toJSON();
  }

  get #whole(): AnyMachineSnapshot {
    return { ...this.#common, context: this.context };
  }
}
