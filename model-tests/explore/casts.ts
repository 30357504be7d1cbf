import type { DeathPolicy } from '../../src/machines/shutdown.ts';
import type { Cast, Extra } from './scenario.ts';

export const POLICIES: readonly DeathPolicy[] = ['shutdown', 'requeue', 'null'];

const ALL: readonly Extra[] = [
  'joining',
  'freezing',
  'waking',
  'reports',
  'skips',
  'ending',
  'deletion',
  'refused',
];

/** @param extras in addition to `elastic` */
const elastic = (...extras: Extra[]): readonly Extra[] => ['elastic', ...extras];

/** One master, one sentinel, one worker, one task. */
export const SMALLEST: Omit<Cast, 'policy'> = {
  maxAttempts: 2,
  rankCount: -1,
  masters: 1,
  sentinels: 1,
  workers: 1,
  ranks: 1,
  tasks: 1,
  broadcasts: 0,
  replacements: 0,
  extras: ALL,
};

interface Exploration {
  readonly title: string;
  readonly cast: Omit<Cast, 'policy'>;
  /** The maximum number of states; without it, all reachable states are visited. */
  readonly maxStates?: number;
  /** The same in CI; `npm test` visits the nearest states of every cast. */
  readonly maxStatesInCi?: number;
}

/** The number of nearest states. It suffices to find each planted fault of faults.test.ts. */
export const NEAREST = 250;
/** How many states the short form explores of each cast. */
export const NEAREST_IN_SHORT = 8;
/** How many more states it expands with fair steps. */
export const FAIR_IN_SHORT = 20;

/** The casts of `npm test` and CI. */
export const SHORT: readonly Exploration[] = [
  {
    title: '1 sentinel, 1 worker, 1 task',
    cast: { ...SMALLEST, extras: [...ALL, 'crashing'] },
    maxStatesInCi: NEAREST,
  },
  {
    title: '1 sentinel, 2 workers, 1 broadcast, no heartbeats',
    cast: {
      ...SMALLEST,
      workers: 2,
      ranks: 2,
      tasks: 0,
      broadcasts: 1,
      extras: ['joining', 'reports', 'skips', 'ending', 'deletion'],
    },
    maxStatesInCi: NEAREST,
  },
  {
    title: 'an elastic group, 1 sentinel, 1 worker, 2 ranks, 1 broadcast',
    cast: {
      ...SMALLEST,
      ranks: 2,
      tasks: 0,
      broadcasts: 1,
      extras: elastic('joining', 'reports', 'ending', 'deletion', 'refused'),
    },
    maxStatesInCi: NEAREST,
  },
  {
    title: '1 sentinel, 1 worker that may come back, 2 tasks',
    cast: {
      ...SMALLEST,
      tasks: 2,
      extras: ['returning', 'reports', 'skips', 'ending', 'waking', 'sleeping', 'crashing'],
    },
  },
  {
    title: '1 sentinel with a session, 1 worker that may come back, 1 task, a server that crashes',
    cast: {
      ...SMALLEST,
      extras: ['returning', 'skips', 'ending', 'waking', 'crashing', 'sessions'],
    },
    maxStatesInCi: NEAREST,
  },
  {
    title: '1 sentinel that supervises, 1 worker, 1 task, 1 replacement',
    cast: {
      ...SMALLEST,
      replacements: 1,
      extras: ['supervised', 'joining', 'ending', 'refused', 'crashing'],
    },
    maxStatesInCi: NEAREST,
  },
  {
    title: '1 sentinel that supervises, 1 worker, 1 broadcast, 1 replacement',
    cast: {
      ...SMALLEST,
      tasks: 0,
      broadcasts: 1,
      replacements: 1,
      extras: ['supervised', 'joining', 'deletion', 'crashing'],
    },
  },
  {
    title: 'an elastic group, 1 sentinel that supervises, 1 worker, 1 broadcast, 1 replacement',
    cast: {
      ...SMALLEST,
      tasks: 0,
      broadcasts: 1,
      replacements: 1,
      extras: elastic('supervised', 'ending', 'crashing', 'sessions'),
    },
    maxStatesInCi: NEAREST,
  },
  {
    title: '2 masters, 1 sentinel, 1 worker, 2 tasks',
    cast: { ...SMALLEST, masters: 2, tasks: 2, extras: ['skips', 'ending', 'refused'] },
  },
  {
    title:
      'an elastic group, 1 sentinel that supervises, 1 worker that may come back, 1 broadcast, 1 replacement',
    cast: {
      ...SMALLEST,
      ranks: 2,
      tasks: 0,
      broadcasts: 1,
      replacements: 1,
      extras: elastic('supervised', 'returning', 'ending', 'deletion'),
    },
    maxStatesInCi: NEAREST,
  },
  {
    title: 'an elastic group that shuts down while workers join, 1 sentinel, 2 workers, 1 task, 1 broadcast',
    cast: {
      ...SMALLEST,
      workers: 2,
      ranks: 2,
      broadcasts: 1,
      extras: elastic('joining', 'ending', 'skips', 'refused'),
    },
    maxStatesInCi: NEAREST,
  },
];

/** The additional casts of `npm run verify`. */
export const LONG: readonly Exploration[] = [
  {
    title: '2 masters, 2 sentinels, 2 workers, 2 tasks, 1 broadcast',
    cast: {
      ...SMALLEST,
      masters: 2,
      sentinels: 2,
      workers: 2,
      ranks: 2,
      tasks: 2,
      broadcasts: 1,
      extras: ['joining', 'skips', 'ending'],
    },
    maxStates: 10_000,
  },
  {
    title:
      'an elastic group, 1 sentinel that supervises, 2 workers that may come back, 2 broadcasts, 2 replacements',
    cast: {
      ...SMALLEST,
      workers: 2,
      ranks: 2,
      tasks: 0,
      broadcasts: 2,
      replacements: 2,
      extras: elastic('supervised', 'returning', 'ending', 'deletion'),
    },
    maxStates: 10_000,
  },
  {
    title: '2 sentinels, 3 workers, 2 tasks, 1 broadcast',
    cast: {
      ...SMALLEST,
      sentinels: 2,
      workers: 3,
      ranks: 3,
      tasks: 2,
      broadcasts: 1,
      extras: ['joining', 'skips', 'ending'],
    },
    maxStates: 10_000,
  },
  {
    title: '2 sentinels, 3 workers, 1 task, a group that shuts down while workers join',
    cast: {
      ...SMALLEST,
      sentinels: 2,
      workers: 3,
      ranks: 3,
      extras: ['joining', 'ending'],
    },
  },
  {
    title: '1 sentinel that supervises, 1 worker, 2 ranks, 1 broadcast, 1 replacement',
    cast: {
      ...SMALLEST,
      ranks: 2,
      tasks: 0,
      broadcasts: 1,
      replacements: 1,
      extras: ['supervised', 'joining', 'deletion'],
    },
  },
  {
    title: '1 sentinel that supervises, 2 workers, 1 task, 2 replacements',
    cast: {
      ...SMALLEST,
      workers: 2,
      ranks: 2,
      replacements: 2,
      extras: ['supervised', 'joining', 'skips', 'ending'],
    },
    maxStates: 100_000,
  },
  {
    title: '1 sentinel that supervises, 2 workers that may come back, 1 task, 1 broadcast, 1 replacement',
    cast: {
      ...SMALLEST,
      workers: 2,
      ranks: 2,
      broadcasts: 1,
      replacements: 1,
      extras: ['supervised', 'returning', 'joining'],
    },
    maxStates: 100_000,
  },
  {
    title: 'an elastic group, 1 sentinel that supervises, 2 workers, 1 task, 1 broadcast, 2 replacements',
    cast: {
      ...SMALLEST,
      workers: 2,
      ranks: 2,
      broadcasts: 1,
      replacements: 2,
      extras: elastic('supervised', 'deletion'),
    },
    maxStates: 100_000,
  },
  {
    title: '1 master, 2 sentinels, 2 workers, 2 tasks, 1 broadcast',
    cast: { ...SMALLEST, sentinels: 2, workers: 2, ranks: 2, tasks: 2, broadcasts: 1 },
  },
  {
    title: '1 sentinel, 2 workers, 1 broadcast, any maximum, a server that stops',
    cast: {
      ...SMALLEST,
      workers: 2,
      ranks: 2,
      tasks: 0,
      broadcasts: 1,
      extras: ['joining', 'maximum', 'skips', 'deletion', 'stopping'],
    },
  },
  {
    title:
      'an elastic group, 1 sentinel, 2 workers that may come back, at most 2 of 3 ranks, 1 task, 1 broadcast',
    cast: {
      ...SMALLEST,
      rankCount: 2,
      workers: 2,
      ranks: 3,
      broadcasts: 1,
      extras: elastic('returning', 'joining', 'reports', 'skips', 'ending', 'deletion'),
    },
    maxStates: 100_000,
  },
  {
    title: '2 sentinels, 2 workers that may come back, 2 tasks, 1 broadcast',
    cast: {
      ...SMALLEST,
      sentinels: 2,
      workers: 2,
      ranks: 2,
      tasks: 2,
      broadcasts: 1,
      extras: ['returning', 'reports', 'skips', 'ending', 'waking', 'deletion'],
    },
    maxStates: 100_000,
  },
  {
    title: '2 connections that do what any party may, 1 task, 1 broadcast',
    cast: { ...SMALLEST, sentinels: 0, ranks: 2, broadcasts: 1, extras: [...ALL, 'mixed'] },
    maxStates: 100_000,
  },
  {
    title: '2 masters, 2 sentinels, 3 workers of at most 3, 3 tasks, 2 broadcasts',
    cast: {
      ...SMALLEST,
      maxAttempts: 3,
      rankCount: 3,
      masters: 2,
      sentinels: 2,
      workers: 3,
      ranks: 3,
      tasks: 3,
      broadcasts: 2,
    },
    maxStates: 100_000,
  },
];
