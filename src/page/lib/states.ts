/** The appearance of a state on all pages: colour, shape and name. */

export type Tone =
  | 'busy'
  | 'waiting'
  | 'idle'
  | 'reserved'
  | 'dead'
  | 'lost'
  | 'left'
  | 'deadbeat'
  | 'ending'
  | 'done';

const TONES: Readonly<Record<string, Tone>> = {
  // workers
  reserved: 'reserved',
  replacing: 'reserved',
  idle: 'idle',
  waiting: 'waiting',
  busy: 'busy',
  dead: 'dead',
  left: 'left',
  deadbeat: 'deadbeat',
  disconnected: 'lost',
  // sentinels
  active: 'idle',
  // connections
  greeting: 'reserved',
  negotiating: 'reserved',
  securing: 'reserved',
  ready: 'idle',
  blocked: 'waiting',
  closing: 'ending',
  closed: 'left',
  // sleighs, their join phase and their shutdown
  serving: 'idle',
  shuttingDown: 'ending',
  deleted: 'left',
  open: 'idle',
  elastic: 'idle',
  byStatus: 'waiting',
  byBroadcast: 'waiting',
  grace: 'reserved',
  running: 'idle',
  byRequest: 'ending',
  byItself: 'ending',
  over: 'left',
  // policies
  deciding: 'busy',
  requeued: 'idle',
  retried: 'idle',
  answered: 'dead',
  dropped: 'left',
  beginning: 'busy',
  watching: 'busy',
  copied: 'done',
  alone: 'left',
  anywhere: 'idle',
  taken: 'done',
  // batches, pools of workers and their processes
  feeding: 'busy',
  draining: 'ending',
  cancelling: 'ending',
  settled: 'done',
  // values of calls
  unsent: 'idle',
  chained: 'idle',
  coming: 'busy',
  wanted: 'waiting',
  fetching: 'busy',
  here: 'done',
  // values at the server, leases of clients, turns of calls
  absent: 'idle',
  awaited: 'waiting',
  used: 'busy',
  usedOnly: 'busy',
  kept: 'idle',
  together: 'idle',
  emptying: 'waiting',
  exclusive: 'busy',
  // retried elements, pools of sleighs, and sessions of connections
  trying: 'busy',
  givenUp: 'dead',
  empty: 'idle',
  connected: 'idle',
  resuming: 'lost',
  resumingToWithdraw: 'lost',
  withdrawing: 'ending',
  ending: 'ending',
  supervising: 'idle',
  starting: 'reserved',
  loading: 'busy',
  calling: 'busy',
  heeding: 'lost',
  condemning: 'lost',
  leaving: 'ending',
  stopping: 'ending',
  stopped: 'left',
  ended: 'left',
  // servers that share a store: their claims, leases and commits
  looking: 'waiting',
  standingBy: 'waiting',
  unowned: 'waiting',
  handingOver: 'ending',
  claiming: 'reserved',
  owning: 'busy',
  failed: 'dead',
  valid: 'idle',
  renewing: 'busy',
  late: 'waiting',
  lost: 'dead',
  writing: 'busy',
  doubtful: 'lost',
  fenced: 'dead',
  // clients of servers with a shared store, and their sessions in partitions
  home: 'waiting',
  others: 'waiting',
  free: 'idle',
  crossing: 'waiting',
  gathering: 'busy',
  seeking: 'waiting',
  connecting: 'waiting',
  opening: 'waiting',
  holding: 'busy',
  noting: 'waiting',
  // the search for the owner of a workspace
  reachingFirst: 'waiting',
  reachingOthers: 'waiting',
  asking: 'waiting',
  moving: 'busy',
  pausing: 'waiting',
  found: 'done',
  // leases
  held: 'busy',
  returned: 'left',
  done: 'done',
};

/** States that only say how much of a request has arrived. Their parent state is more informative. */
const DETAILS = new Set(['silent', 'receiving']);

/** The path from the outermost state to the informative one. */
function pathOf(state: string): string[] {
  const path = state.split('.');
  return DETAILS.has(path.at(-1) ?? '') ? path.slice(0, -1) : path;
}

/** Counts by the informative states. */
export function withoutDetails(counts: Readonly<Record<string, number>>): Record<string, number> {
  const all: Record<string, number> = {};
  for (const [state, n] of Object.entries(counts)) {
    const around = pathOf(state).join('.');
    all[around] = (all[around] ?? 0) + n;
  }
  return all;
}

const leafOf = (state: string): string => pathOf(state).at(-1) ?? '';

export function toneOf(state: string, chart = ''): Tone {
  // A join phase that has closed is complete.
  if (chart === 'joinPhase' && state === 'closed') return 'done';
  return TONES[leafOf(state)] ?? 'reserved';
}

/** `byItself` as `by itself`. */
export const words = (name: string): string =>
  name.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);

/** The innermost state, for a small space: `busy`; with its parent where that alone is unclear. */
export function stateName(state: string): string {
  const path = pathOf(state);
  const leaf = path.at(-1) ?? '';
  const isReason = /^by[A-Z]/.test(leaf);
  return words(isReason ? path.slice(-2).join(' ') : leaf);
}

/** The whole path: `registered › busy`. */
export const statePath = (state: string): string =>
  state === '' ? 'nothing' : state.split('.').map(words).join(' › ');

/** States that need attention are first, ended ones last. */
const ORDER: readonly Tone[] = [
  'dead',
  'lost',
  'busy',
  'waiting',
  'idle',
  'reserved',
  'ending',
  'done',
  'deadbeat',
  'left',
];

const place = (state: string): number => ORDER.indexOf(toneOf(state));

/** Counts by state, in the order in which all pages show them. */
export function ordered(counts: Readonly<Record<string, number>>): [state: string, n: number][] {
  return Object.entries(counts).sort(([a], [b]) => place(a) - place(b) || a.localeCompare(b));
}

export const total = (counts: Readonly<Record<string, number>>): number =>
  Object.values(counts).reduce((sum, n) => sum + n, 0);
