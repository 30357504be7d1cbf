import { initialTransition, transition, type SnapshotFrom } from 'xstate';
import { commitMachine, type CommitEvent } from '../../src/machines/commit.ts';

type State = SnapshotFrom<typeof commitMachine>['value'];

/** One commit in the store. */
interface Entry {
  readonly epoch: number;
  /** Undefined for a commit without changes. */
  readonly value: string | undefined;
}

/** A statement as it was sent: it names the epoch and the head that its server knew. */
interface Statement {
  readonly value: string | undefined;
  readonly epoch: number;
  readonly head: number;
}

type Waits = { readonly for: 'nothing' | 'head' } | { readonly for: 'answer'; readonly statement: Statement };

interface Server {
  /** That of the machine of commits. */
  readonly state: State;
  readonly isCarriedOut: boolean;
  readonly epoch: number;
  readonly head: number;
  readonly waits: Waits;
  /** The head that was read last. */
  readonly found: number;
  /** The value that waits to be acknowledged. */
  readonly pending: string | undefined;
  /** Commits that it has begun. */
  readonly begun: number;
}

export interface World {
  readonly servers: readonly [Server, Server];
  readonly epoch: number;
  /** The commits, in their order. The head is their number. */
  readonly log: readonly Entry[];
  /** How many of them the standbys have: a failover loses the others. */
  readonly replicated: number;
  /** Statements whose connections were lost, and which may still be carried out. */
  readonly ghosts: readonly Statement[];
  readonly acknowledged: readonly string[];
  readonly claims: number;
  /** Answers and connections that were lost, and warnings. */
  readonly losses: number;
  readonly failovers: number;
}

/** What the store checks, and what a server makes of a warning. A fault changes one of them. */
export interface Rules {
  readonly checksEpoch: boolean;
  readonly checksHead: boolean;
  readonly heedsWarnings: boolean;
  /** How often a standby may be promoted. */
  readonly failovers: number;
}

export const RULES: Rules = { checksEpoch: true, checksHead: true, heedsWarnings: true, failovers: 1 };

const MOST = { commits: 2, claims: 2, losses: 3 } as const;

const idle = (): Server => ({
  state: 'idle',
  isCarriedOut: false,
  epoch: 0,
  head: 0,
  waits: { for: 'nothing' },
  found: 0,
  pending: undefined,
  begun: 0,
});

const BEGINNING: World = {
  servers: [idle(), idle()],
  epoch: 0,
  log: [],
  replicated: 0,
  ghosts: [],
  acknowledged: [],
  claims: 0,
  losses: 0,
  failovers: 0,
};

type Who = 0 | 1;

const put = (world: World, who: Who, server: Server): World => ({
  ...world,
  servers: who === 0 ? [server, world.servers[1]] : [world.servers[0], server],
});

/** Everything that may happen next, each with its name. */
function* next(world: World, rules: Rules): Generator<readonly [what: string, World]> {
  for (const who of [0, 1] as const) {
    yield* claims(world, who);
    const server = world.servers[who];
    if (server.epoch > 0 && server.state === 'idle' && server.begun < MOST.commits) {
      const begun = server.begun + 1;
      const pending = `${who} in epoch ${server.epoch}, number ${begun}`;
      yield [
        `${who} begins`,
        send(put(world, who, { ...server, begun, pending }), who, { type: 'commit.asked' }),
      ];
    }
    yield* answers(world, who, rules);
  }
  for (const [at, ghost] of world.ghosts.entries()) {
    const ghosts = world.ghosts.filter((_, other) => other !== at);
    yield [
      'a lost statement is carried out',
      carriedOut({ ...world, ghosts }, ghost, rules) ?? { ...world, ghosts },
    ];
    yield ['a lost statement vanishes', { ...world, ghosts }];
  }
  if (world.failovers < rules.failovers)
    yield [
      'a standby is promoted',
      { ...world, log: world.log.slice(0, world.replicated), ghosts: [], failovers: world.failovers + 1 },
    ];
}

/** A claim waits for the standbys, and loads what is there. Another server may be in the middle of anything. */
function* claims(world: World, who: Who): Generator<readonly [string, World]> {
  const server = world.servers[who];
  const canClaim = server.epoch === 0 || server.state === 'fenced';
  if (!canClaim || world.claims >= MOST.claims) return;
  const epoch = world.epoch + 1;
  const claimed = { ...idle(), epoch, head: world.log.length, begun: server.begun };
  const { length: replicated } = world.log;
  yield [`${who} claims`, put({ ...world, epoch, replicated, claims: world.claims + 1 }, who, claimed)];
}

function* answers(world: World, who: Who, rules: Rules): Generator<readonly [string, World]> {
  const server = world.servers[who];
  const { waits } = server;
  if (waits.for === 'head') {
    const isOwn = world.epoch === server.epoch;
    const read = put(world, who, { ...server, waits: { for: 'nothing' }, found: world.log.length });
    yield [
      `${who} reads the head`,
      send(read, who, { type: 'head.read', isOwn, ahead: world.log.length - server.head }),
    ];
  }
  if (waits.for !== 'answer') return;
  const { statement } = waits;
  const without = put(world, who, { ...server, waits: { for: 'nothing' } });
  const done = carriedOut(without, statement, rules);
  if (done === undefined) yield [`${who} is refused`, send(without, who, { type: 'commit.refused' })];
  else {
    const replicated = { ...done, replicated: done.log.length };
    yield [`${who} commits`, send(replicated, who, { type: 'commit.done' })];
    if (world.losses < MOST.losses) {
      const lost = { ...done, losses: world.losses + 1 };
      yield [`${who} commits, and the answer is lost`, send(lost, who, { type: 'outcome.unknown' })];
      const warned = rules.heedsWarnings ? 'outcome.unknown' : 'commit.done';
      yield [`${who} commits, with a warning`, send(lost, who, { type: warned })];
    }
  }
  if (world.losses >= MOST.losses) return;
  const ghosts = [...world.ghosts, statement];
  const cut = { ...without, ghosts, losses: world.losses + 1 };
  yield [`${who} loses its connection`, send(cut, who, { type: 'outcome.unknown' })];
}

/** @returns undefined if the store refuses it */
function carriedOut(world: World, { value, epoch, head }: Statement, rules: Rules): World | undefined {
  if (rules.checksEpoch && epoch !== world.epoch) return undefined;
  if (rules.checksHead && head !== world.log.length) return undefined;
  return { ...world, log: [...world.log, { epoch, value }] };
}

interface Taken {
  readonly state: State;
  readonly isCarriedOut: boolean;
  readonly actions: readonly string[];
}

/** Steps of the machine that were computed before. */
const taken = new Map<string, Taken>();

function step(state: State, isCarriedOut: boolean, event: CommitEvent): Taken {
  const key = JSON.stringify([state, isCarriedOut, event]);
  const known = taken.get(key);
  if (known !== undefined) return known;
  const [initial] = initialTransition(commitMachine);
  const snapshot = commitMachine.resolveState({ ...initial, value: state, context: { isCarriedOut } });
  const [after, actions] = transition(commitMachine, snapshot, event);
  const computed = {
    state: after.value,
    isCarriedOut: after.context.isCarriedOut,
    actions: actions.map(({ type }) => type),
  };
  taken.set(key, computed);
  return computed;
}

/** Sends the machine of a server an event, and does what it commands. */
function send(world: World, who: Who, event: CommitEvent): World {
  const server = world.servers[who];
  const { state, isCarriedOut, actions } = step(server.state, server.isCarriedOut, event);
  return actions.reduce(
    (changed, action) => perform(changed, who, action),
    put(world, who, { ...server, state, isCarriedOut }),
  );
}

function perform(world: World, who: Who, action: string): World {
  const server = world.servers[who];
  const { epoch, head, pending } = server;
  switch (action) {
    case 'write':
      return put(world, who, {
        ...server,
        waits: { for: 'answer', statement: { value: pending, epoch, head } },
      });
    case 'writeBarrier':
      return put(world, who, {
        ...server,
        waits: { for: 'answer', statement: { value: undefined, epoch, head } },
      });
    case 'readHead':
      return put(world, who, { ...server, waits: { for: 'head' } });
    case 'setHead':
      return put(world, who, { ...server, head: server.found });
    case 'acknowledge':
      return {
        ...put(world, who, { ...server, head: head + 1, pending: undefined }),
        acknowledged: [...world.acknowledged, ...(pending === undefined ? [] : [pending])],
      };
    default:
      return world;
  }
}

/** What is wrong in a world, in a sentence. */
function wrongIn({ log, replicated, acknowledged }: World): string | undefined {
  const values = log.flatMap(({ value }) => value ?? []);
  if (new Set(values).size < values.length) return 'a commit was carried out twice';
  if (log.some(({ epoch }, at) => epoch < (log[at - 1]?.epoch ?? 0)))
    return 'a server has committed after another one had';
  const safe = new Set(log.slice(0, replicated).map(({ value }) => value));
  if (acknowledged.some((value) => !safe.has(value))) return 'what was acknowledged can be lost';
  return undefined;
}

/** A server must not acknowledge what it has not carried out under its own epoch. */
function staleIn(before: World, after: World): string | undefined {
  const [value] = after.acknowledged.slice(before.acknowledged.length);
  const entry = after.log.find((each) => each.value === value);
  return value === undefined || value.includes(`epoch ${entry?.epoch},`)
    ? undefined
    : 'a server has acknowledged what it has not carried out';
}

export interface Explored {
  readonly worlds: number;
  /** The names of all steps that were taken. */
  readonly steps: ReadonlySet<string>;
  /** The first one that was found, with the steps that lead there. */
  readonly wrong: { readonly what: string; readonly steps: readonly string[] } | undefined;
}

/** Explores every order in which two servers may use one store. */
export function explore(rules: Rules): Explored {
  const seen = new Set([JSON.stringify(BEGINNING)]);
  const steps = new Set<string>();
  let edge: Reached[] = [{ world: BEGINNING, by: '', from: undefined }];
  while (edge.length > 0) {
    const reached: Reached[] = [];
    for (const from of edge)
      for (const [by, world] of next(from.world, rules)) {
        const key = JSON.stringify(world);
        if (seen.has(key)) continue;
        seen.add(key);
        steps.add(by);
        const here = { world, by, from };
        const what = wrongIn(world) ?? staleIn(from.world, world);
        if (what !== undefined) return { worlds: seen.size, steps, wrong: { what, steps: wayTo(here) } };
        reached.push(here);
      }
    edge = reached;
  }
  return { worlds: seen.size, steps, wrong: undefined };
}

interface Reached {
  readonly world: World;
  /** The step that leads here, and where from. */
  readonly by: string;
  readonly from: Reached | undefined;
}

function wayTo({ by, from }: Reached): readonly string[] {
  return from === undefined ? [] : [...wayTo(from), by];
}
