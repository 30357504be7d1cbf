/**
 * The story of an actor: the last steps that it took, kept always, so that whoever asks after a worker died sees why.
 *
 * It must be nearly free. What a step is, but for its time and what came with the event, is worked out once for each
 * transition of a chart; an entry is a time, a reference to that, and a short text. Events are never kept: they hold
 * values and clients. Charts have no parallel states, so an actor is in one innermost state.
 */
import type { AnyActorScope, AnyMachineSnapshot, AnyStateMachine, AnyStateNode } from 'xstate';
import type { Clock } from '../workspace/clock.ts';

/** Steps that are kept of each actor. */
export const STORY_LENGTH = 24;
/** Characters of one field of an event. */
const DETAIL = 60;

/** The event that an actor begins with. */
export const BEGINNING = 'xstate.init';
/** The event that ends the children of an actor that has ended. */
export const STOPPED = 'xstate.stop';
/** Stands in a story where an action of the step before failed; no chart is sent it. */
export const BROKEN = 'xstate.error';
/** Unknown events end up here. */
const WILDCARD = '*';

/** What a step does, whenever and with whatever event it is taken. */
export interface ChartStep {
  readonly event: string;
  /** The state before, such as `registered.idle`; '' at the beginning. */
  readonly before: string;
  readonly after: string;
  /** The clause of the transition, as the chart names it. */
  readonly clause: string;
  /** Undefined for a beginning, and for what the chart has no place for. */
  readonly transition: ChartTransition | undefined;
}

export interface ChartTransition {
  /** The state that it is a transition of. */
  readonly source: string;
  /** As the chart names it. */
  readonly event: string;
  /** Its place among those of the same state for the same event. */
  readonly index: number;
}

export interface StoryStep extends ChartStep {
  /** Milliseconds since 1970. */
  readonly time: number;
  /** What came with the event, such as `rank 3`; '' when nothing did. */
  readonly detail: string;
}

/** Whose story it is. */
interface StoryActor {
  readonly id: string;
}

/** Told of each step that `isFailure` says is one; that is asked once for each transition. */
interface Watch {
  readonly isFailure: (step: ChartStep) => boolean;
  readonly failed: (actor: StoryActor, step: StoryStep) => void;
}

interface Count {
  actors: number;
}

/** A step, and what it counts. */
interface Told extends ChartStep {
  readonly left: Count | undefined;
  readonly entered: Count;
  readonly isFailure: boolean;
}

/** How many actors of a machine are in each state: kept as it changes. */
export interface Tally {
  /** @returns 0 for a state that nobody was in */
  in(state: string): number;
  readonly all: Readonly<Record<string, number>>;
}

/** What the actors of one machine have in common. */
export class Teller implements Tally {
  readonly clock: Clock;
  readonly watch: Watch | undefined;
  readonly #counts = new Map<string, Count>();
  readonly #told = new Map<AnyStateNode | undefined, Map<unknown, Told>>();

  constructor(clock: Clock, watch: Watch | undefined) {
    this.clock = clock;
    this.watch = watch;
  }

  in(state: string): number {
    return this.#counts.get(state)?.actors ?? 0;
  }

  get all(): Record<string, number> {
    return Object.fromEntries(
      Array.from(this.#counts, ([state, { actors }]): [string, number] => [state, actors]).filter(
        ([, actors]) => actors > 0,
      ),
    );
  }

  begins(leaf: AnyStateNode): Told {
    return this.#once(undefined, leaf, () => this.#make(BEGINNING, '', pathOf(leaf), undefined));
  }

  /** @param transition undefined when the chart has none for the event */
  step(leaf: AnyStateNode, event: string, transition: Transition | undefined): Told {
    // Only with the wildcard, and without any transition, do steps with the same transition differ by their event.
    const isExpected = transition !== undefined && transition.eventType !== WILDCARD;
    return this.#once(leaf, isExpected ? transition : event, () => {
      const { source, eventType = event, target } = transition ?? {};
      const name = isExpected && eventType.endsWith(`.${WILDCARD}`) ? eventType : event;
      const after = pathOf(target?.[0] === undefined ? leaf : innermostOf(target[0]));
      const index =
        transition === undefined ? -1 : (source?.transitions.get(eventType)?.indexOf(transition) ?? -1);
      return this.#make(
        name,
        pathOf(leaf),
        after,
        isExpected && source !== undefined ? { source: pathOf(source), event: eventType, index } : undefined,
        transition?.description,
      );
    });
  }

  #once(leaf: AnyStateNode | undefined, key: unknown, make: () => Told): Told {
    let ofLeaf = this.#told.get(leaf);
    if (ofLeaf === undefined) this.#told.set(leaf, (ofLeaf = new Map()));
    let told = ofLeaf.get(key);
    if (told === undefined) ofLeaf.set(key, (told = make()));
    return told;
  }

  #make(
    event: string,
    before: string,
    after: string,
    transition: ChartTransition | undefined,
    clause = '',
  ): Told {
    const step: ChartStep = { event, before, after, clause, transition };
    return {
      ...step,
      left: before === '' ? undefined : this.#count(before),
      entered: this.#count(after),
      isFailure: this.watch?.isFailure(step) ?? false,
    };
  }

  #count(state: string): Count {
    let count = this.#counts.get(state);
    if (count === undefined) this.#counts.set(state, (count = { actors: 0 }));
    return count;
  }
}

type Transition = NonNullable<ReturnType<AnyStateNode['transitions']['get']>>[number];

const pathOf = (node: AnyStateNode): string => node.path.join('.');

/** The state that entering the node leads to. */
export function innermostOf(node: AnyStateNode): AnyStateNode {
  const first = node.type === 'compound' ? node.initial.target?.[0] : undefined;
  return first === undefined ? node : innermostOf(first);
}

/** Copied for each story, which is quick and takes no more room than needed; no whole number, so that it holds any. */
const NO_TIMES: readonly number[] = Array.from({ length: STORY_LENGTH }, () => 0.5);
const NOTHING_TOLD: readonly (Told | undefined)[] = Array.from({ length: STORY_LENGTH }, () => undefined);
const NO_DETAILS: readonly string[] = Array.from({ length: STORY_LENGTH }, () => '');

/** The last steps of one actor. */
export class Story {
  readonly #teller: Teller;
  readonly #actor: StoryActor;
  readonly #times: number[] = NO_TIMES.slice();
  readonly #told: (Told | undefined)[] = NOTHING_TOLD.slice();
  readonly #details: string[] = NO_DETAILS.slice();
  /** Steps so far, those that are forgotten included. */
  #count = 0;

  constructor(teller: Teller, actor: StoryActor) {
    this.#teller = teller;
    this.#actor = actor;
  }

  note(told: Told, detail: string): void {
    const at = this.#count++ % STORY_LENGTH;
    this.#times[at] = this.#teller.clock();
    this.#told[at] = told;
    this.#details[at] = detail;
    if (told.left !== undefined) told.left.actors--;
    told.entered.actors++;
    if (told.isFailure) this.#teller.watch?.failed(this.#actor, this.#step(at, told));
  }

  /** An action of the step failed: the actor has ended in the state that it was in. */
  broke(told: Told, error: unknown): void {
    const { before, left, entered } = told;
    entered.actors--;
    const nowhere: Count = { actors: 0 };
    const clause = 'an action failed';
    const end = { event: BROKEN, before, after: before, clause, transition: undefined, isFailure: false };
    this.note({ ...end, left: undefined, entered: left ?? nowhere }, detailOf({ error }));
  }

  /** The oldest first. */
  get steps(): StoryStep[] {
    const steps: StoryStep[] = [];
    for (let n = Math.max(this.#count - STORY_LENGTH, 0); n < this.#count; n++) {
      const told = this.#told[n % STORY_LENGTH];
      if (told !== undefined) steps.push(this.#step(n % STORY_LENGTH, told));
    }
    return steps;
  }

  get last(): StoryStep | undefined {
    const at = (this.#count - 1) % STORY_LENGTH;
    const told = this.#told[at];
    return told && this.#step(at, told);
  }

  #step(at: number, { event, before, after, clause, transition }: Told): StoryStep {
    const [time = 0, detail = ''] = [this.#times[at], this.#details[at]];
    return { time, event, detail, before, after, clause, transition };
  }

  /** For a log: a line a step. */
  get lines(): string[] {
    return this.steps.map(
      ({ time, event, detail, before, after, clause }) =>
        `${new Date(time).toISOString()} ${[event, detail].join(' ').trim()}: ` +
        `${wayOf(before, after)}${clause === '' ? '' : ` (${clause})`}`,
    );
  }
}

const wayOf = (before: string, after: string): string =>
  before === '' ? `begins in ${after}` : before === after ? `stays ${after}` : `${before} → ${after}`;

const TELLERS = new WeakMap<AnyStateMachine, Teller>();

/** @returns undefined for an actor whose machine keeps no stories */
export function storyOf(actor: object): Story | undefined {
  const story: unknown = 'story' in actor ? actor.story : undefined;
  return story instanceof Story ? story : undefined;
}
/** @returns undefined for a machine that keeps no stories */
export const tellerOf = (machine: AnyStateMachine): Teller | undefined => TELLERS.get(machine);

type Fields = Readonly<Record<string, unknown>>;

/** What came with an event, in few words: numbers, texts, yes or no; of a client its peer. */
export function detailOf(event: Fields): string {
  let detail = '';
  for (const name in event) {
    const value = event[name];
    if (name === 'type') continue;
    const text = typeof value === 'boolean' ? flag(name, value) : fieldOf(name, value);
    if (text !== undefined) detail = detail === '' ? text : `${detail}, ${text}`;
  }
  return detail;
}

/** Made once for each name of a field: tasks that come and go would make them by the million. */
const FLAGS = new Map<string, { readonly yes: string; readonly no: string }>();

function flag(name: string, value: boolean): string {
  let texts = FLAGS.get(name);
  if (texts === undefined) FLAGS.set(name, (texts = { yes: `${name} true`, no: `${name} false` }));
  return value ? texts.yes : texts.no;
}

function fieldOf(name: string, value: unknown): string | undefined {
  const text = textOf(value);
  return text === undefined ? undefined : `${name} ${text}`;
}

function textOf(value: unknown): string | undefined {
  if (typeof value === 'number') return String(value);
  if (typeof value === 'string') return short(value);
  if (value instanceof Error) return short(value.message);
  if (typeof value !== 'object' || value === null) return undefined;
  return 'peer' in value && typeof value.peer === 'string' ? short(value.peer) : undefined;
}

/** Made anew character by character, since a part of a string keeps all of it. */
const short = (text: string): string =>
  text.length <= DETAIL ? text : `${Array.from(text.slice(0, DETAIL)).join('')}…`;

/** The innermost state that an actor is in. */
export const leafOf = ({ _nodes }: AnyMachineSnapshot): AnyStateNode | undefined => _nodes.find(isLeaf);
const isLeaf = ({ type }: AnyStateNode): boolean => type === 'atomic' || type === 'final';

/** @param input what the actor was given */
export function beginStory(
  teller: Teller,
  actor: StoryActor,
  leaf: AnyStateNode | undefined,
  input: Fields | undefined,
): Story {
  const story = new Story(teller, actor);
  if (leaf !== undefined) story.note(teller.begins(leaf), detailOf(input ?? {}));
  return story;
}

/**
 * Lets the actors of a machine keep their stories.
 * @returns the same machine; it is changed, so it has to be one's own, as `provide` makes it
 */
export function storied<Machine extends AnyStateMachine>(
  machine: Machine,
  clock: Clock,
  watch?: Watch,
): Machine {
  const teller = new Teller(clock, watch);
  TELLERS.set(machine, teller);
  const begin = machine.getInitialSnapshot.bind(machine);
  const interpret = machine.transition.bind(machine);

  const getInitialSnapshot = (scope: AnyActorScope, input: Fields | undefined) => {
    const snapshot: AnyMachineSnapshot = begin(scope, input);
    // On the actor itself: a table beside it would cost more at each step than all the rest.
    Object.assign(scope.self, { story: beginStory(teller, scope.self, leafOf(snapshot), input) });
    return snapshot;
  };
  const transition = (
    snapshot: AnyMachineSnapshot,
    event: Fields & { type: string },
    scope: AnyActorScope,
  ) => {
    const leaf = snapshot.status === 'active' ? leafOf(snapshot) : undefined;
    const story = storyOf(scope.self);
    if (leaf === undefined || story === undefined) return interpret(snapshot, event, scope);
    const [taken] = event.type === STOPPED ? [] : machine.getTransitionData(snapshot, event);
    const told = teller.step(leaf, event.type, taken);
    story.note(told, detailOf(event));
    try {
      return interpret(snapshot, event, scope);
    } catch (error) {
      story.broke(told, error);
      throw error;
    }
  };
  return Object.assign(machine, { getInitialSnapshot, transition });
}
