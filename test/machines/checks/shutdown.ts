import { expect } from 'vitest';
import { shutdownMachine, type DeathPolicy } from '../../../src/machines/shutdown.ts';
import { checkEach, Recording, type ChartChecks, type ChartTable, type Row } from '../../support/chart.ts';

const REQUESTED: Row = [
  'shuttingDown.byRequest',
  'startDrainTimer',
  'parent: shutdown.started, cause "request"',
];
const BY_ITSELF: Row = [
  'shuttingDown.byItself',
  'startDrainTimer',
  'storeRideOver',
  'parent: shutdown.started, cause "itself"',
];
const leavingGrace = ([next, ...calls]: Row): Row => [next, 'stopGraceTimer', ...calls];

const events = Object.fromEntries(
  [
    'worker.registered',
    'worker.died',
    'worker.left',
    'task.failed',
    'supervision.began',
    'group.closed',
    'grace.elapsed',
    'shutdown.requested',
    'drain.elapsed',
    'server.stopping',
  ].map((type) => [type, { type }]),
);

/** The number of live workers, and whether the group has closed. */
const counting = (living: number): Record<string, object> => ({
  'worker.registered': { living: living + 1 },
  'worker.died': { living: living - 1 },
  'worker.left': { living: living - 1 },
  'group.closed': { groupClosed: true },
  'supervision.began': { isSupervised: true },
});

/** S14: only the end of the drain period has an effect. */
const ending = (state: string): Record<string, Row> => ({
  'worker.registered': [state],
  'worker.died': [state],
  'worker.left': [state],
  'task.failed': [state],
  'supervision.began': [state],
  'group.closed': [state],
  'shutdown.requested': [state],
});

const over: Row = ['over', 'stopDrainTimer', 'parent: drain.finished'];
const shuttingDown = { 'drain.elapsed': over, 'server.stopping': over };

const table: ChartTable = {
  input: { policy: 'requeue' },
  start: {
    context: { policy: 'requeue', living: 0, groupClosed: false, isSupervised: false },
    calls: ['startGraceTimer'],
  },
  events,
  states: {
    'up.grace': {
      after: [],
      changes: counting(0),
      on: {
        'worker.registered': ['up.grace'],
        'worker.died': ['up.grace'],
        'worker.left': ['up.grace'],
        'task.failed': ['up.grace'],
        'supervision.began': ['up.grace'],
        'group.closed': ['up.grace'],
        'grace.elapsed': leavingGrace(BY_ITSELF),
        'shutdown.requested': leavingGrace(REQUESTED),
        'server.stopping': leavingGrace(BY_ITSELF),
      },
    },
    'up.running': {
      after: ['worker.registered', 'grace.elapsed'],
      changes: counting(1),
      on: {
        'worker.registered': ['up.running'],
        'worker.died': ['up.running'],
        'worker.left': ['up.running'],
        'task.failed': ['up.running'],
        'supervision.began': ['up.running'],
        'group.closed': ['up.running'],
        'shutdown.requested': REQUESTED,
        'server.stopping': BY_ITSELF,
      },
    },
    'shuttingDown.byRequest': {
      after: ['shutdown.requested'],
      changes: counting(0),
      on: { ...ending('shuttingDown.byRequest'), ...shuttingDown },
    },
    'shuttingDown.byItself': {
      after: ['grace.elapsed'],
      changes: counting(0),
      on: { ...ending('shuttingDown.byItself'), ...shuttingDown },
    },
    over: {
      after: ['shutdown.requested', 'drain.elapsed'],
      changes: counting(0),
      on: { ...ending('over'), 'server.stopping': ['over'] },
    },
  },
  finals: {},
};

const RUNNING = ['worker.registered', 'grace.elapsed'];
const TWO = ['worker.registered', 'worker.registered'];

const endings = checkEach<[policy: DeathPolicy, types: string[], state: string]>(
  [
    ['a worker dies, policy shutdown', 'shutdown', [...TWO, 'worker.died'], 'shuttingDown.byItself'],
    [
      'a worker fails its task, policy shutdown',
      'shutdown',
      [...TWO, 'task.failed'],
      'shuttingDown.byItself',
    ],
    ['a worker dies, policy requeue', 'requeue', [...TWO, 'worker.died'], 'up.grace'],
    ['a worker dies, policy null', 'null', [...TWO, 'worker.died'], 'up.grace'],
    ['one of two of a closed group dies', 'null', [...TWO, 'group.closed', 'worker.died'], 'up.grace'],
    [
      'both workers of a closed group die',
      'null',
      [...TWO, 'group.closed', 'worker.died', 'worker.died'],
      'shuttingDown.byItself',
    ],
    [
      'all of an elastic group leave, policy shutdown',
      'shutdown',
      [...TWO, 'worker.left', 'worker.left'],
      'up.grace',
    ],
    ['all of an open group die', 'null', [...TWO, 'worker.died', 'worker.died'], 'up.grace'],
    [
      'all have died when the group closes after the grace period',
      'null',
      [...RUNNING, 'worker.died', 'group.closed'],
      'shuttingDown.byItself',
    ],
    ['the group closes empty within the grace period', 'null', ['group.closed'], 'up.grace'],
    ['and the grace period ends', 'null', ['group.closed', 'grace.elapsed'], 'shuttingDown.byItself'],
    ['the grace period ends with a registered worker', 'null', RUNNING, 'up.running'],
    ...(['died', 'left'] as const).map((how): [string, DeathPolicy, string[], string] => [
      `supervised, the last one of a closed group has ${how}`,
      'requeue',
      ['supervision.began', ...RUNNING, 'group.closed', `worker.${how}`],
      'up.grace',
    ]),
    [
      'the last worker of a closed group has left, without a sentinel',
      'requeue',
      [...RUNNING, 'group.closed', 'worker.left'],
      'up.running',
    ],
    [
      'supervised, a replacement has joined by the end of the grace period',
      'requeue',
      ['supervision.began', ...RUNNING, 'group.closed', 'worker.died', ...RUNNING],
      'up.running',
    ],
    [
      'supervised, no worker has joined by the end of the grace period',
      'requeue',
      ['supervision.began', ...RUNNING, 'group.closed', 'worker.died', 'grace.elapsed'],
      'shuttingDown.byItself',
    ],
    [
      'supervised, one of two workers of a closed group has left, and no client waits for more',
      'requeue',
      ['supervision.began', 'worker.registered', ...RUNNING, 'group.closed', 'worker.left'],
      'up.running',
    ],
    [
      'supervised, the last worker of an open group dies',
      'requeue',
      ['supervision.began', ...RUNNING, 'worker.died'],
      'up.running',
    ],
    [
      'supervised, the group closes without workers after the grace period: another grace period begins',
      'requeue',
      ['supervision.began', ...RUNNING, 'worker.died', 'group.closed'],
      'up.grace',
    ],
    [
      'supervised, a worker dies, policy shutdown',
      'shutdown',
      ['supervision.began', ...TWO, 'worker.died'],
      'shuttingDown.byItself',
    ],
  ],
  (machine, policy, types, state) => {
    const { state: reached } = new Recording(machine, { policy }).send(...types.map((type) => ({ type })));
    expect(reached).toBe(state);
  },
);

const SUPERVISED = ['supervision.began', ...RUNNING];

/** Most of them do not occur again in such a job, and must be correct all the same. */
const counts = checkEach<[policy: DeathPolicy, types: string[], state: string, context: object]>(
  [
    [
      'the last death',
      'null',
      [...TWO, 'group.closed', 'worker.died', 'worker.died'],
      'shuttingDown.byItself',
      { living: 0, groupClosed: true },
    ],
    [
      'the death that shuts it down by the policy',
      'shutdown',
      [...TWO, 'worker.died'],
      'shuttingDown.byItself',
      { living: 1 },
    ],
    ...(['died', 'left'] as const).map((how): [string, DeathPolicy, string[], string, object] => [
      `the last one of supervised workers, which has ${how}`,
      'null',
      [...SUPERVISED, 'group.closed', `worker.${how}`],
      'up.grace',
      { living: 0, groupClosed: true },
    ]),
    [
      'the closing',
      'null',
      [...RUNNING, 'worker.died', 'group.closed'],
      'shuttingDown.byItself',
      { living: 0, groupClosed: true },
    ],
    [
      'the close of a supervised group',
      'null',
      [...SUPERVISED, 'worker.died', 'group.closed'],
      'up.grace',
      { living: 0, groupClosed: true },
    ],
  ],
  (machine, policy, types, state, context) => {
    const ended = new Recording(machine, { policy }).send(...types.map((type) => ({ type })));
    expect(ended).toMatchObject({ state, context });
  },
);

export const shutdownChecks: ChartChecks = {
  machine: shutdownMachine,
  table,
  stories: {
    'when a job ends by itself (S13, S15)': endings,
    'what ends a job is counted, too': counts,
  },
};
