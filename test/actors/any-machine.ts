/** Arbitrary machines of the subset that can be compiled, with every feature of it in any combination. */
import fc from 'fast-check';
import {
  and,
  assign,
  createMachine,
  not,
  or,
  sendParent,
  sendTo,
  type AnyActorRef,
  type AnyStateMachine,
  type EventObject,
} from 'xstate';

const EVENTS = ['a', 'a.b', 'a.b.c', 'd'] as const;
const DESCRIPTORS = [...EVENTS, 'a.*', 'a.b.*', '*'] as const;

interface Situation {
  readonly context: { readonly count: number };
  readonly event: { readonly type: string; readonly n?: number };
}

/** Parameters that are computed from both the context and the event. */
const computed = ({ context, event }: Situation) => ({ by: context.count + (event.n ?? 0) });

const params = fc.constantFrom<unknown>({ by: 1 }, { by: 2 }, computed);
const withParams = (...names: string[]): fc.Arbitrary<unknown> =>
  fc.oneof(
    fc.constantFrom<unknown>(...names),
    fc.record({ type: fc.constantFrom(...names), params }),
    fc.constantFrom(...names).map((type) => ({ type })),
  );

const simpleGuard = withParams('isOdd', 'isMany', 'never');
const { guard } = fc.letrec<{ guard: unknown }>((tie) => ({
  guard: fc.oneof(
    { maxDepth: 2, withCrossShrink: true },
    simpleGuard,
    tie('guard').map((part) => not(part as string)),
    fc.array(tie('guard'), { minLength: 1, maxLength: 2 }).map((parts) => and(parts as string[])),
    fc.array(tie('guard'), { minLength: 1, maxLength: 2 }).map((parts) => or(parts as string[])),
  ),
}));

const action = fc.oneof(
  withParams('note', 'mark', 'add', 'set', 'tell', 'tellParent'),
  fc.constantFrom<unknown>(
    assign({ count: ({ context }: Situation) => context.count + 1 }),
    assign({ count: 0 }),
    sendParent({ type: 'written.in.place' }),
  ),
);
const actions = fc.array(action, { maxLength: 2 });

const PATHS = ['s0', 's0_0', 's0_1', 's0_1_0', 's0_1_1', 's1', 's2', 's2_0', 's2_1'] as const;
const isIn = (outer: string, path: string): boolean =>
  path.startsWith(`${outer}_`) && path.length === outer.length + 2;

const parts = {
  target: fc.constantFrom(...PATHS, 'end').map((path) => `#${path}`),
  guard,
  actions,
};
const transition = fc.record({ ...parts, reenter: fc.boolean() }, { requiredKeys: [] });
const on = fc.dictionary(
  fc.constantFrom(...DESCRIPTORS),
  fc.oneof(transition, fc.array(transition, { maxLength: 3 })),
  { maxKeys: 4 },
);
// No transition enters the root again.
const onRoot = fc.dictionary(fc.constantFrom(...DESCRIPTORS), fc.record(parts, { requiredKeys: [] }), {
  maxKeys: 2,
});

function state(path: string): fc.Arbitrary<object> {
  const inner = PATHS.filter((other) => isIn(path, other));
  const own = { id: fc.constant(path), entry: actions, exit: actions, on, tags: fc.constant([`in.${path}`]) };
  if (inner.length === 0) return fc.record(own);
  return fc.record({
    ...own,
    initial: fc.record({ target: fc.constantFrom(...inner), actions }),
    states: fc.record(Object.fromEntries(inner.map((name) => [name, state(name)]))),
  });
}

const end = fc.record(
  {
    id: fc.constant('end'),
    type: fc.constant('final'),
    entry: actions,
    exit: actions,
    output: fc.constant(({ context, event }: Situation) => [context.count, event.type]),
  },
  { requiredKeys: ['id', 'type'] },
);

/** A compiled actor can only start with actions of the machine itself. */
const ownActions = fc.array(withParams('note', 'mark'), { maxLength: 2 });

const config = fc.record({
  on: onRoot,
  entry: ownActions,
  exit: actions,
  initial: fc.constant('begins'),
  states: fc.record({
    begins: fc.record({
      entry: ownActions,
      initial: fc.record({ target: fc.constant('here'), actions: ownActions }),
      states: fc.record({ here: fc.record({ on }) }),
    }),
    s0: state('s0'),
    s1: state('s1'),
    s2: state('s2'),
    end,
  }),
  output: fc.constantFrom<unknown>(undefined, 7, ({ context, event }: Situation) => [context, event]),
});

const byOf = (given: unknown): number =>
  typeof given === 'object' && given !== null && 'by' in given ? Number(given.by) : 0;

/** @param peer an actor that the machine sends to, besides its parent */
export const anyMachine = (peer: () => AnyActorRef): fc.Arbitrary<AnyStateMachine> =>
  config.map((written) => {
    const machine: AnyStateMachine = createMachine(
      { id: 'any', context: { count: 0 }, ...(written as object) },
      {
        guards: {
          isOdd: ({ context }, given) => (context.count + byOf(given)) % 2 === 1,
          isMany: ({ event }, given) => Number(event['n'] ?? 0) + byOf(given) > 2,
          never: () => false,
        },
        actions: {
          note: () => undefined,
          mark: () => undefined,
          add: assign(({ context }, given: unknown) => ({ count: context.count + byOf(given) })),
          set: assign({ count: ({ event }, given: unknown) => Number(event['n'] ?? 0) + byOf(given) }),
          tell: sendTo(peer, ({ context, event }, given: unknown) => ({
            type: 'told',
            of: event.type,
            count: context.count,
            given: byOf(given),
          })),
          tellParent: sendParent(({ context }, given: unknown) => ({
            type: 'counted',
            count: context.count,
            given: byOf(given),
          })),
        },
      },
    );
    return machine;
  });

/** Events that these machines may have a transition for, and one that none has. */
export const anyEvents: fc.Arbitrary<EventObject[]> = fc.array(
  fc.record({ type: fc.constantFrom(...EVENTS, 'nobody.knows.this'), n: fc.nat(4) }),
  { maxLength: 30 },
);
