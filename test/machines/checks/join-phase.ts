import { expect } from 'vitest';
import type { AnyStateMachine } from 'xstate';
import { joinPhaseMachine } from '../../../src/machines/join-phase.ts';
import { NO_MAXIMUM, type JoinPhaseContext } from '../../../src/machines/join-phase-setup.ts';
import type { JoinPhaseEvent, RefusedFor } from '../../../src/machines/join-phase-events.ts';
import { checkEach, Recording, type ChartChecks, type ChartTable, type Row } from '../../support/chart.ts';

type Registration = Extract<JoinPhaseEvent, { type: 'registration.asked' }>;

/** On the connection of a client without a role, without a session. */
const registration = (facts: Partial<Registration>): Registration => ({
  type: 'registration.asked',
  request: 1,
  rank: 'reserved',
  session: 'none',
  formerSession: 'none',
  connection: 'free',
  ...facts,
});

const event = {
  rank: { type: 'rank.asked', request: 1, sentinel: 'none' },
  rankOfDead: { type: 'rank.asked', request: 1, sentinel: 'dead' },
  rankOfLeft: { type: 'rank.asked', request: 1, sentinel: 'left' },
  elastic: { type: 'elastic.chosen' },
  registration: registration({ rank: 'reserved' }),
  returning: registration({ rank: 'registered', session: 'same', connection: 'own' }),
  stranger: registration({ rank: 'registered', session: 'other' }),
  ended: registration({ rank: 'ended', session: 'same' }),
  unreadable: registration({ rank: 'unreadable' }),
  unknown: registration({ rank: 'unknown' }),
  forgotten: registration({ rank: 'forgotten' }),
  othersConnection: registration({ rank: 'reserved', connection: 'others' }),
  wasReplaced: registration({ rank: 'replacing', formerSession: 'same' }),
  replacing: registration({ rank: 'replacing' }),
  expiry: { type: 'rank.expired' },
  replaced: { type: 'rank.replaced' },
  registered: { type: 'worker.registered' },
  gone: { type: 'worker.gone' },
  maximum: { type: 'maximum.set', maximum: 4 },
  readMaximum: { type: 'maximum.read', request: 1 },
  listMaximum: { type: 'maximum.listed' },
  duration: { type: 'duration.set', seconds: 7 },
  status: { type: 'status.asked', request: 1, waits: true, delay: 5 },
  statusTry: { type: 'status.asked', request: 1, waits: false, delay: undefined },
  wait: { type: 'wait.asked', request: 1, waits: true, delay: undefined },
  waitTry: { type: 'wait.asked', request: 1, waits: false, delay: undefined },
  broadcast: { type: 'broadcast.stored', request: 1 },
  elapsed: { type: 'joining.elapsed' },
} satisfies Record<string, JoinPhaseEvent>;

const BEGINNING: JoinPhaseContext = {
  maximum: 3,
  limit: 10,
  frozen: false,
  ranksGiven: 0,
  reserved: 0,
  registered: 0,
  duration: 60,
  delay: 60,
  registeredAtClosing: 0,
};

const CLOSES: Row = [
  'closed',
  'stopJoinTimer',
  'replyWorkerCountToAll',
  'parent: group.closed, registered 0',
];

const anywhere = (state: string): Record<string, Row> => ({
  gone: [state],
  expiry: [state],
  replaced: [state],
  maximum: [state],
  readMaximum: [state, 'replyMaximum'],
  listMaximum: [state],
  duration: [state],
});

const refused = (because: RefusedFor): string => `refuseRegistration, because "${because}"`;

/** S3, S17, S18, S19: registrations in a group that is not closed. */
const judged = (state: string): Record<string, Row> => ({
  registration: [state, 'registerWorker'],
  returning: [state, 'registerWorker'],
  stranger: [state, 'registerWorker'],
  replacing: [state, 'registerWorker'],
  unreadable: [state, refused('unreadable')],
  unknown: [state, refused('unknown')],
  forgotten: [state, refused('forgotten')],
  ended: [state, refused('ended')],
  othersConnection: [state, refused('connection')],
  wasReplaced: [state, refused('replaced')],
});

const gathering = (state: string): Record<string, Row> => ({
  ...anywhere(state),
  rank: [state, 'giveRank'],
  rankOfDead: [state, 'refuseRank'],
  rankOfLeft: [state, 'refuseRank'],
  ...judged(state),
  registered: [state],
  statusTry: [state, 'replyNotYet'],
  wait: [state, 'holdForWorkerCount'],
  waitTry: [state, 'replyNotYet'],
});

const SET = {
  gone: { registered: -1 },
  expiry: { reserved: -1 },
  replaced: { reserved: 1 },
  maximum: { maximum: 4 },
  duration: { duration: 7 },
};
const FROZEN = { frozen: true };
const GATHERING = {
  ...SET,
  rank: { ranksGiven: 1, reserved: 1 },
  registered: { registered: 1, reserved: -1 },
  readMaximum: FROZEN,
  listMaximum: FROZEN,
};

const joining = (state: string): Record<string, Row> => ({
  ...gathering(state),
  status: [state, 'holdForStatus'],
  broadcast: [state, 'storeBroadcast'],
  elapsed: CLOSES,
});

const table: ChartTable = {
  input: { maximum: 3, limit: 10 },
  start: { context: BEGINNING, calls: [] },
  events: event,
  states: {
    'gathering.open': {
      after: [],
      changes: { ...GATHERING, status: { delay: 5 } },
      on: {
        ...gathering('gathering.open'),
        status: ['gathering.joining.byStatus', 'holdForStatus', 'startJoinTimer'],
        broadcast: ['gathering.joining.byBroadcast', 'storeBroadcast', 'startJoinTimer'],
        elastic: ['elastic'],
      },
    },
    'gathering.joining.byStatus': {
      after: ['status'],
      on: joining('gathering.joining.byStatus'),
      changes: { ...GATHERING, elapsed: { ...FROZEN, maximum: 0 } },
    },
    'gathering.joining.byBroadcast': {
      after: ['broadcast'],
      on: joining('gathering.joining.byBroadcast'),
      changes: { ...GATHERING, elapsed: FROZEN },
    },
    closed: {
      after: ['broadcast', 'elapsed'],
      changes: { ...SET, registered: { registered: 1, reserved: -1 } },
      on: {
        ...anywhere('closed'),
        registered: ['closed'],
        rank: ['closed', 'refuseRank'],
        rankOfDead: ['closed', 'refuseRank'],
        rankOfLeft: ['closed', 'refuseRank'],
        registration: ['closed', refused('groupClosed')],
        returning: ['closed', 'registerWorker'],
        stranger: ['closed', refused('groupClosed')],
        ended: ['closed', refused('groupClosed')],
        replacing: ['closed', 'registerWorker'],
        wasReplaced: ['closed', refused('replaced')],
        unreadable: ['closed', refused('groupClosed')],
        unknown: ['closed', refused('groupClosed')],
        forgotten: ['closed', refused('groupClosed')],
        othersConnection: ['closed', refused('groupClosed')],
        status: ['closed', 'replyWorkerCount'],
        statusTry: ['closed', 'replyWorkerCount'],
        wait: ['closed', 'replyWorkerCount'],
        waitTry: ['closed', 'replyWorkerCount'],
        broadcast: ['closed', 'storeBroadcastForAbsent'],
      },
    },
    // S17: two ranks were assigned, and neither has registered.
    elastic: {
      after: ['elastic', 'rank', 'rank'],
      changes: {
        gone: { registered: -1 },
        expiry: { reserved: 1 },
        replaced: { reserved: 3 },
        maximum: { maximum: 4 },
        duration: { duration: 7 },
        rank: { ranksGiven: 3, reserved: 3 },
        registered: { registered: 1, reserved: 1 },
      },
      on: {
        ...gathering('elastic'),
        readMaximum: ['elastic', 'replyRegistered'],
        status: ['elastic', 'holdForWorkerCount'],
        broadcast: ['elastic', 'storeBroadcast'],
      },
    },
  },
  finals: {},
};

const phase = (machine: AnyStateMachine, maximum: number, limit = 10): Recording =>
  new Recording(machine, { maximum, limit });
const { rank, registered, gone, status, statusTry, broadcast, elapsed, readMaximum, duration } = event;

const ranks = checkEach<[maximum: number, limit: number, given: number]>(
  [
    ['up to the maximum', 2, 10, 2],
    ['up to the limit, without a maximum (P12)', NO_MAXIMUM, 3, 3],
    ['a maximum of 0 is no limit', 0, 3, 3],
    ['a maximum below 0 is no limit', -5, 3, 3],
  ],
  (machine, maximum, limit, given) => {
    const calls = phase(machine, maximum, limit).send(rank, rank, rank, rank).takeCalls();
    expect(calls.filter((call) => call === 'giveRank')).toHaveLength(given);
    expect(calls.filter((call) => call === 'refuseRank')).toHaveLength(4 - given);
  },
);

const refusals = checkEach<[before: JoinPhaseEvent[], state: string]>(
  [
    ['a refused rank changes nothing: open', [], 'gathering.open'],
    ['a refused rank changes nothing: joining by status', [status], 'gathering.joining.byStatus'],
    ['a refused rank changes nothing: joining by broadcast', [broadcast], 'gathering.joining.byBroadcast'],
  ],
  (machine, before, state) => {
    const full = phase(machine, 1).send(rank, ...before);
    const { context } = full;
    full.takeCalls();
    expect(full.send(rank)).toMatchObject({ state, context });
    expect(full.takeCalls()).toEqual(['refuseRank']);
  },
);

const numbering = {
  name: 'are numbered from 0',
  run: (machine: AnyStateMachine) => {
    const given = phase(machine, 2).send(rank, rank).seenBy('giveRank');
    expect(given).toMatchObject([{ ranksGiven: 0 }, { ranksGiven: 1 }]);
  },
};

const closing = checkEach<[maximum: number, events: JoinPhaseEvent[], state: string]>(
  [
    ['open, the last assigned rank registers', NO_MAXIMUM, [rank, registered], 'closed'],
    ['open, one of two assigned ranks registers', NO_MAXIMUM, [rank, rank, registered], 'gathering.open'],
    ['open, the maximum registers', 2, [rank, rank, registered, registered], 'closed'],
    ['joining, the maximum registers', 1, [rank, status, registered], 'closed'],
    [
      'open, a worker died: not all have registered',
      2,
      [rank, rank, registered, gone, registered],
      'gathering.open',
    ],
    ['open, status when all have registered: at once', NO_MAXIMUM, [status], 'closed'],
    ['open, a Try form of status when all have registered', NO_MAXIMUM, [statusTry], 'gathering.open'],
    ['open, status with one missing', NO_MAXIMUM, [rank, status], 'gathering.joining.byStatus'],
    ['joining by status, its delay ends', NO_MAXIMUM, [rank, status, elapsed], 'closed'],
    ['joining by broadcast, its delay ends', NO_MAXIMUM, [rank, broadcast, elapsed], 'closed'],
  ],
  (machine, maximum, events, state) => {
    expect(phase(machine, maximum).send(...events).state).toBe(state);
  },
);

const number = checkEach<[maximum: number, events: JoinPhaseEvent[], number: number]>(
  [
    ['its delay ends', NO_MAXIMUM, [rank, rank, status, registered, elapsed], 1],
    ['the last one registers', 2, [rank, rank, registered, registered], 2],
    [
      'status arrives when all have registered',
      3,
      [rank, registered, { type: 'maximum.set', maximum: 1 }, status],
      1,
    ],
  ],
  (machine, maximum, events, number) => {
    const closed = phase(machine, maximum).send(...events);
    expect(closed.context).toMatchObject({ registeredAtClosing: number, registered: number });
    expect(closed.seenBy('replyWorkerCountToAll')).toMatchObject([{ registeredAtClosing: number }]);
    expect(closed.takeCalls()).toContain(`parent: group.closed, registered ${number}`);
    expect(closed.send(gone).context).toMatchObject({ registeredAtClosing: number, registered: number - 1 });
  },
);

const told = {
  name: 'a client that asks when all have registered gets the number with the others',
  run: (machine: AnyStateMachine) => {
    expect(phase(machine, NO_MAXIMUM).send(status).takeCalls()).toEqual([
      'holdForStatus',
      'replyWorkerCountToAll',
      'parent: group.closed, registered 0',
    ]);
  },
};

const maximums = checkEach<[maximum: number, events: JoinPhaseEvent[], expected: number]>(
  [
    [
      'none, frozen by its first read: the number of assigned ranks',
      NO_MAXIMUM,
      [rank, rank, readMaximum],
      2,
    ],
    ['frozen by its first read: stays', 5, [rank, readMaximum], 5],
    ['none, frozen when it is listed', NO_MAXIMUM, [rank, event.listMaximum, rank], 1],
    ['none, frozen by closing', NO_MAXIMUM, [rank, broadcast, elapsed], 1],
    ['reduced by closing that status began', 5, [rank, status, elapsed], 1],
    ['not reduced by closing that a broadcast began', 5, [rank, broadcast, elapsed], 5],
    ['not reduced when status came after the broadcast', 5, [rank, broadcast, status, elapsed], 5],
    ['not reduced when it was frozen before', 5, [rank, readMaximum, status, elapsed], 5],
    ['a store sets it, after freezing, too', 5, [readMaximum, { type: 'maximum.set', maximum: 7 }], 7],
    ['a store sets it after closing, too', 5, [broadcast, elapsed, { type: 'maximum.set', maximum: 7 }], 7],
  ],
  (machine, maximum, events, expected) => {
    expect(phase(machine, maximum).send(...events).context).toMatchObject({ maximum: expected });
  },
);

const delays = checkEach<[events: JoinPhaseEvent[], delay: number]>(
  [
    ['60 seconds', [broadcast], 60],
    ['what was stored', [duration, broadcast], 7],
    ['what the first asker wants', [duration, rank, status], 5],
    ['not what the second wants', [duration, rank, { ...status, delay: undefined }, status], 7],
  ],
  (machine, events, delay) => {
    expect(phase(machine, 3).send(...events).context).toMatchObject({ delay });
  },
);

const reading = {
  name: 'a client that reads it gets the frozen value',
  run: (machine: AnyStateMachine) => {
    const read = phase(machine, NO_MAXIMUM).send(rank, rank, readMaximum);
    expect(read.seenBy('replyMaximum')).toMatchObject([{ maximum: 2 }]);
  },
};

const timing = {
  name: 'the delay is in the context when the timer starts',
  run: (machine: AnyStateMachine) => {
    const seen = phase(machine, 3).send(status).seenBy('startJoinTimer');
    expect(seen).toMatchObject([{ delay: 5 }]);
  },
};

const { elastic, expiry, wait, waitTry, maximum: setMaximum } = event;

/** An elastic group after some events, and its reaction to one more. */
const elasticCalls = (machine: AnyStateMachine, maximum: number, events: JoinPhaseEvent[]): string[] => {
  const group = phase(machine, maximum, 3).send(elastic, ...events.slice(0, -1));
  group.takeCalls();
  const calls = group.send(...events.slice(-1)).takeCalls();
  expect(group.state).toBe('elastic');
  return calls;
};

const inUse = checkEach<[maximum: number, events: JoinPhaseEvent[], call: string]>(
  [
    ['below the maximum', 2, [rank, rank], 'giveRank'],
    ['the maximum is in use', 2, [rank, rank, rank], 'refuseRank'],
    ['the only one is in use', 1, [rank, rank], 'refuseRank'],
    ['one of them is registered', 2, [rank, rank, registered, rank], 'refuseRank'],
    ['one has gone', 2, [rank, rank, registered, gone, rank], 'giveRank'],
    ['one has expired', 2, [rank, rank, expiry, rank], 'giveRank'],
    ['without a maximum: the limit (P12)', NO_MAXIMUM, [rank, rank, rank, rank], 'refuseRank'],
    ['without a maximum: below the limit', NO_MAXIMUM, [rank, rank, rank], 'giveRank'],
    ['a maximum of 0 leaves only the limit of the server', 0, [rank, rank, rank], 'giveRank'],
    ['a maximum over the limit: the limit', 9, [rank, rank, rank, rank], 'refuseRank'],
  ],
  (machine, maximum, events, call) => {
    expect(elasticCalls(machine, maximum, events)).toEqual([call]);
  },
);

const there = checkEach<[maximum: number, events: JoinPhaseEvent[], calls: string[]]>(
  [
    ['no rank was assigned: not yet', NO_MAXIMUM, [statusTry], ['replyNotYet']],
    ['the only one is there', NO_MAXIMUM, [rank, registered, statusTry], ['replyRegistered']],
    ['and for who waits', NO_MAXIMUM, [rank, registered, waitTry], ['replyRegistered']],
    ['one of two is there', NO_MAXIMUM, [rank, rank, registered, status], ['holdForWorkerCount']],
    ['the maximum is there', 1, [rank, rank, registered, status], ['replyRegistered']],
    ['a maximum of 0 is never reached', 0, [rank, rank, registered, status], ['holdForWorkerCount']],
    ['the last one registers', NO_MAXIMUM, [rank, wait, registered], ['replyWorkerCountToAll']],
    ['the first of two registers', NO_MAXIMUM, [rank, rank, wait, registered], []],
    ['the missing one expires', NO_MAXIMUM, [rank, rank, registered, expiry], ['replyWorkerCountToAll']],
    ['all expire', NO_MAXIMUM, [rank, expiry], []],
    [
      'the maximum is lowered',
      9,
      [rank, rank, registered, { type: 'maximum.set', maximum: 1 }],
      ['replyWorkerCountToAll'],
    ],
    ['the maximum is raised', 3, [rank, rank, registered, setMaximum], []],
  ],
  (machine, maximum, events, calls) => {
    expect(elasticCalls(machine, maximum, events)).toEqual(calls);
  },
);

const numbered = {
  name: 'ranks are never reused, and the replied number is the current one',
  run: (machine: AnyStateMachine) => {
    const group = phase(machine, 2).send(elastic, rank, registered, gone, rank, registered);
    expect(group.seenBy('giveRank')).toMatchObject([{ ranksGiven: 0 }, { ranksGiven: 1 }]);
    expect(group.seenBy('replyWorkerCountToAll')).toMatchObject([
      { registered: 1, reserved: 0 },
      { registered: 1, reserved: 0 },
    ]);
    expect(group.send(rank, expiry).context).toMatchObject({ ranksGiven: 3, registered: 1, reserved: 0 });
    const expired = phase(machine, 9).send(elastic, rank, rank, registered, expiry);
    expect(expired.seenBy('replyWorkerCountToAll')).toMatchObject([{ registered: 1, reserved: 0 }]);
    const lowered = phase(machine, 9).send(elastic, rank, rank, registered, {
      type: 'maximum.set',
      maximum: 1,
    });
    expect(lowered.context).toMatchObject({ maximum: 1, registered: 1, frozen: false });
  },
};

export const joinPhaseChecks: ChartChecks = {
  machine: joinPhaseMachine,
  table,
  stories: {
    'ranks (S2, S4)': [...ranks, ...refusals, numbering],
    'closing (S4, S5)': [...closing, told],
    'every client gets the number of workers registered at the close (S5)': number,
    'the maximum (S4, S5)': [...maximums, reading],
    'the duration of the join phase (S5)': [...delays, timing],
    'ranks of an elastic group (S17)': [...inUse, numbered],
    'an elastic group replies the number when all have registered (S17)': there,
  },
};
