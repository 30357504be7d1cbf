import { workerMachine } from '../../../src/machines/worker.ts';
import { expect } from 'vitest';
import type { SessionMatch } from '../../../src/machines/session-match.ts';
import type { TaskFate } from '../../../src/machines/worker-end.ts';
import { checkEach, Recording, type ChartChecks, type ChartTable, type Row } from '../../support/chart.ts';

const DIES: Row = ['dead', 'recoverWork', 'end', 'parent: worker.died, rank 3'];
const LEAVES: Row = ['left', 'leaveWork', 'end', 'parent: worker.left, rank 3'];
const EXPIRES: Row = ['deadbeat', 'end', 'parent: rank.expired'];

/** S19: its sentinel reports that it has left. */
const ends = (task: string): Row => ['left', 'noteEnd', task, 'answerCopies', ...LEAVES.slice(1)];

/** A row of a state that is left, with its exit actions. */
const leaving = (exits: string[], [next, ...calls]: Row): Row => [next, ...exits, ...calls];

const registered = (state: string, ...exits: string[]): Record<string, Row> => ({
  'registration.asked': [state, 'refuseDuplicate'],
  // Only a worker that comes back with the session can name a task.
  'registration.asked, by another who names the task': [state, 'refuseDuplicate'],
  'registration.asked, returns': leaving(exits, [
    'registered.idle',
    'replaceConnection',
    'takeBackTask',
    'replyIdle',
  ]),
  'registration.asked, returns without a task': leaving(exits, [
    'registered.idle',
    'replaceConnection',
    'takeBackTask',
    'replyIdle',
  ]),
  'registration.asked, returns to its task': leaving(exits, [
    'registered.busy',
    'replaceConnection',
    'replyBusy',
  ]),
  'result.stored': [state, 'refuseResult'],
  'sentinel.gone': leaving(exits, DIES),
  'sentinel.gone, may leave': leaving(exits, LEAVES),
  'connection.closed': leaving(exits, DIES),
  'connection.closed, may leave': leaving(exits, LEAVES),
  'death.reported': leaving(exits, ['dead', 'noteEnd', ...DIES.slice(1)]),
  'death.reported, untried': leaving(exits, ends('returnTask')),
  'death.reported, failed': leaving(exits, ends('failTaskForGood')),
  'death.reported, declined': leaving(exits, ends('declineTask')),
  'rank.replaced': leaving(exits, ['dead', 'noteUnreported', ...DIES.slice(1)]),
  'sentinel.gone, the sleigh winds down': [state],
  'waiting.ended': [state],
  left: leaving(exits, LEAVES),
});

const registration = (session: SessionMatch, doing: number | undefined, has: number | undefined) => ({
  type: 'registration.asked',
  request: 1,
  session,
  sendsSession: session === 'same',
  doing,
  has,
});

/** The facts about unanswered tasks and copies. */
const NOTHING = { tasks: 0, copies: 0 };
const TASK = { tasks: 1, copies: 0 };
const COPY = { tasks: 0, copies: 1 };

const asks = (waits: boolean, queued: number, copies: number) => ({
  type: 'task.asked',
  request: 1,
  waits,
  queued,
  copies,
});

const reported = (task: TaskFate) => ({ type: 'death.reported', task, end: undefined });

const REGISTERS: Row = ['registered.idle', 'acceptRegistration', 'parent: worker.registered, rank 3'];

/** Without a supervising sentinel. */
const SIMPLE = { rank: 3, isSupervised: false, isElastic: true, reconnectGrace: 5 };

/** S18: a worker that registers with a session may come back. */
const SENDS_SESSION = {
  'registration.asked, returns': { sentSession: true },
  'registration.asked, returns without a task': { sentSession: true },
  'registration.asked, returns to its task': { sentSession: true },
};

/** S7: a worker that has no task asks for one. */
const ASKED: Readonly<Record<string, Row>> = {
  'task.asked, there is one': ['registered.busy', 'giveTask'],
  'task.asked, there is a copy': ['registered.busy', 'giveTask'],
  'task.asked, none, waits': ['registered.waiting', 'holdForTask'],
  'task.asked, none, Try': ['registered.idle', 'replyNoTask'],
};

const table: ChartTable = {
  input: SIMPLE,
  start: { context: { ...SIMPLE, sentSession: false }, calls: [] },
  events: {
    'registration.asked': registration('other', undefined, undefined),
    'registration.asked, by another who names the task': registration('other', 4, 4),
    'registration.asked, returns': registration('same', 3, 4),
    'registration.asked, returns without a task': registration('same', undefined, undefined),
    'registration.asked, returns to its task': registration('same', 4, 4),
    'task.asked, there is one': asks(true, 1, 0),
    'task.asked, there is a copy': asks(true, 0, 1),
    'task.asked, none, waits': asks(true, 0, 0),
    'task.asked, none, Try': asks(false, 0, 0),
    'task.offered': { type: 'task.offered' },
    'result.stored': { type: 'result.stored', request: 1 },
    'group.closed': { type: 'group.closed' },
    'sentinel.gone': { type: 'sentinel.gone', sleigh: 'serves', ...TASK },
    'sentinel.gone, may leave': { type: 'sentinel.gone', sleigh: 'serves', ...NOTHING },
    'sentinel.gone, the sleigh winds down': { type: 'sentinel.gone', sleigh: 'shutsDown', ...NOTHING },
    'connection.closed': { type: 'connection.closed', ...COPY },
    'connection.closed, may leave': { type: 'connection.closed', ...NOTHING },
    'return.elapsed': { type: 'return.elapsed', ...COPY },
    'return.elapsed, may leave': { type: 'return.elapsed', ...NOTHING },
    'death.reported': reported('tried'),
    'death.reported, untried': reported('untried'),
    'death.reported, failed': reported('failed'),
    'death.reported, declined': reported('declined'),
    'rank.replaced': { type: 'rank.replaced' },
    'waiting.ended': { type: 'waiting.ended' },
    left: { type: 'left' },
  },
  states: {
    // S2, S3, S6.1, S13
    reserved: {
      after: [],
      changes: SENDS_SESSION,
      on: {
        'registration.asked': REGISTERS,
        'registration.asked, by another who names the task': REGISTERS,
        'registration.asked, returns': REGISTERS,
        'registration.asked, returns without a task': REGISTERS,
        'registration.asked, returns to its task': REGISTERS,
        'group.closed': EXPIRES,
        'sentinel.gone': EXPIRES,
        'sentinel.gone, may leave': EXPIRES,
        'sentinel.gone, the sleigh winds down': EXPIRES,
        'waiting.ended': ['reserved'],
        'death.reported': ['reserved'],
        'death.reported, untried': ['reserved'],
        'death.reported, failed': ['reserved'],
        'death.reported, declined': ['reserved'],
        'rank.replaced': ['replacing'],
        left: LEAVES,
      },
    },
    // S19
    replacing: {
      after: ['rank.replaced'],
      changes: SENDS_SESSION,
      on: {
        'registration.asked': REGISTERS,
        'registration.asked, by another who names the task': REGISTERS,
        'registration.asked, returns': REGISTERS,
        'registration.asked, returns without a task': REGISTERS,
        'registration.asked, returns to its task': REGISTERS,
        'group.closed': ['replacing'],
        'sentinel.gone': EXPIRES,
        'sentinel.gone, may leave': EXPIRES,
        'sentinel.gone, the sleigh winds down': EXPIRES,
        'waiting.ended': ['replacing'],
        'death.reported': ['replacing'],
        'death.reported, untried': ['replacing'],
        'death.reported, failed': ['replacing'],
        'death.reported, declined': ['replacing'],
        'rank.replaced': ['replacing'],
        left: LEAVES,
      },
    },
    // S7
    'registered.idle': {
      after: ['registration.asked'],
      tags: ['isRegistered'],
      on: {
        ...registered('registered.idle'),
        ...ASKED,
      },
    },
    // S7, S14
    'registered.waiting': {
      after: ['registration.asked', 'task.asked, none, waits'],
      tags: ['isRegistered'],
      on: {
        ...registered('registered.waiting'),
        // P15.5
        ...ASKED,
        'task.offered': ['registered.busy', 'giveTask'],
        'waiting.ended': ['registered.idle', 'replySleighIsDead'],
      },
    },
    // S7, S7.1
    'registered.busy': {
      after: ['registration.asked', 'task.asked, there is one'],
      tags: ['isRegistered'],
      on: {
        ...registered('registered.busy'),
        'result.stored': ['registered.idle', 'completeTask'],
        'task.asked, there is one': ['registered.idle', 'failTask', 'askAgain'],
        'task.asked, there is a copy': ['registered.idle', 'failTask', 'askAgain'],
        'task.asked, none, waits': ['registered.idle', 'failTask', 'askAgain'],
        'task.asked, none, Try': ['registered.idle', 'failTask', 'askAgain'],
      },
    },
    // S17, S18
    'registered.disconnected': {
      after: ['registration.asked, returns', 'connection.closed'],
      tags: ['isRegistered'],
      on: {
        ...registered('registered.disconnected', 'stopReturnTimer'),
        'connection.closed': ['registered.disconnected', 'stopReturnTimer', 'startReturnTimer'],
        'connection.closed, may leave': ['registered.disconnected', 'stopReturnTimer', 'startReturnTimer'],
        'return.elapsed': leaving(['stopReturnTimer'], DIES),
        'return.elapsed, may leave': leaving(['stopReturnTimer'], LEAVES),
      },
    },
  },
  finals: {
    deadbeat: ['group.closed'],
    dead: ['registration.asked', 'connection.closed'],
    left: ['left'],
  },
};

const closing = checkEach<[event: string, state: string]>(
  [
    ['owes nothing, and its connection closes: it is dead', 'connection.closed, may leave', 'dead'],
    [
      'has no task or copy, and its sentinel has disconnected: it is dead',
      'sentinel.gone, may leave',
      'dead',
    ],
  ],
  (machine, name, state) => {
    const events = ['registration.asked', name].map((each) => table.events[each] ?? { type: each });
    expect(new Recording(machine, { ...SIMPLE, isElastic: false }).send(...events).state).toBe(state);
  },
);

const returning = checkEach<[grace: number, registration: string, event: string, state: string]>(
  [
    [
      'gave its session: it may come back',
      5,
      'registration.asked, returns',
      'connection.closed',
      'registered.disconnected',
    ],
    [
      'gave its session, without a task or copy: it may come back',
      5,
      'registration.asked, returns',
      'connection.closed, may leave',
      'registered.disconnected',
    ],
    ['gave no session: it is dead', 5, 'registration.asked', 'connection.closed', 'dead'],
    [
      'gave its session, and there is no grace period: it is dead',
      0,
      'registration.asked, returns',
      'connection.closed',
      'dead',
    ],
  ],
  (machine, reconnectGrace, ...names) => {
    const state = names.pop();
    const events = names.map((name) => table.events[name] ?? { type: name });
    expect(new Recording(machine, { ...SIMPLE, reconnectGrace }).send(...events).state).toBe(state);
  },
);

const supervised = checkEach<[input: object, events: string[], state: string]>(
  [
    [
      'the connection of a supervised worker closes: it is disconnected until its sentinel reports',
      { isSupervised: true },
      ['registration.asked', 'connection.closed'],
      'registered.disconnected',
    ],
    [
      'it is dead if the sentinel does not report in time',
      { isSupervised: true },
      ['registration.asked', 'connection.closed', 'return.elapsed'],
      'dead',
    ],
    [
      'in an elastic group it has then left',
      { isSupervised: true },
      ['registration.asked', 'connection.closed, may leave', 'return.elapsed, may leave'],
      'left',
    ],
  ],
  (machine, input, names, state) => {
    const events = names.map((name) => table.events[name] ?? { type: name });
    expect(new Recording(machine, { ...SIMPLE, ...input }).send(...events).state).toBe(state);
  },
);

export const workerChecks: ChartChecks = {
  machine: workerMachine,
  table,
  stories: {
    'a worker of a group that closes (S13, S17)': closing,
    'a worker whose connection closes (S18)': returning,
    'a worker whose sentinel supervises (S19)': supervised,
  },
};
