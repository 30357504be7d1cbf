import { describe, expect, test } from 'vitest';
import { joinPhaseMachine, NO_MAXIMUM, type JoinPhaseEvent } from '../../src/machines/join-phase.ts';
import { anAsk, aStoring, describeChart, Recording, type Row } from '../support/chart.ts';

const event = {
  rank: { type: 'rank.asked', ask: anAsk(true) },
  registration: { type: 'registration.asked', storing: aStoring() },
  registered: { type: 'worker.registered' },
  gone: { type: 'worker.gone' },
  maximum: { type: 'maximum.set', maximum: 4 },
  readMaximum: { type: 'maximum.read', ask: anAsk(true) },
  listMaximum: { type: 'maximum.listed' },
  duration: { type: 'duration.set', seconds: 7 },
  status: { type: 'status.asked', ask: anAsk(true), delay: 5 },
  statusTry: { type: 'status.asked', ask: anAsk(false), delay: undefined },
  wait: { type: 'wait.asked', ask: anAsk(true), delay: undefined },
  waitTry: { type: 'wait.asked', ask: anAsk(false), delay: undefined },
  broadcast: { type: 'broadcast.stored' },
  elapsed: { type: 'joining.elapsed' },
} satisfies Record<string, JoinPhaseEvent>;

const CLOSES: Row = ['closed', 'stopJoinTimer', 'tellEveryoneTheNumber', 'parent: group.closed'];

const anywhere = (state: string): Record<string, Row> => ({
  gone: [state],
  maximum: [state],
  readMaximum: [state, 'tellMaximum'],
  listMaximum: [state],
  duration: [state],
});

const gathering = (state: string): Record<string, Row> => ({
  ...anywhere(state),
  rank: [state, 'giveRank'],
  registration: [state, 'registerWorker'],
  registered: [state],
  statusTry: [state, 'tellNotYet'],
  wait: [state, 'holdForClosing'],
  waitTry: [state, 'tellNotYet'],
});

const joining = (state: string): Record<string, Row> => ({
  ...gathering(state),
  status: [state, 'holdForStatus'],
  broadcast: [state],
  elapsed: CLOSES,
});

describeChart(joinPhaseMachine, {
  input: { maximum: 3, limit: 10 },
  events: event,
  states: {
    'gathering.open': {
      after: [],
      on: {
        ...gathering('gathering.open'),
        status: ['gathering.joining.byStatus', 'holdForStatus', 'startJoinTimer'],
        broadcast: ['gathering.joining.byBroadcast', 'startJoinTimer'],
      },
    },
    'gathering.joining.byStatus': { after: ['status'], on: joining('gathering.joining.byStatus') },
    'gathering.joining.byBroadcast': { after: ['broadcast'], on: joining('gathering.joining.byBroadcast') },
    closed: {
      after: ['broadcast', 'elapsed'],
      on: {
        ...anywhere('closed'),
        rank: ['closed', 'refuseRank'],
        registration: ['closed', 'refuseGroupClosed'],
        status: ['closed', 'tellNumber'],
        statusTry: ['closed', 'tellNumber'],
        wait: ['closed', 'tellNumber'],
        waitTry: ['closed', 'tellNumber'],
        broadcast: ['closed'],
      },
    },
  },
  finals: {},
});

const phase = (maximum: number, limit = 10): Recording => new Recording(joinPhaseMachine, { maximum, limit });
const { rank, registered, gone, status, broadcast, elapsed, readMaximum } = event;

describe('ranks (S2, S4)', () => {
  test.each([
    ['up to the maximum', 2, 10, 2],
    ['up to the limit, without a maximum (P12)', NO_MAXIMUM, 3, 3],
    ['a maximum of 0 limits none', 0, 3, 3],
    ['a maximum below 0 limits none', -5, 3, 3],
  ])('%s', (_, maximum, limit, given) => {
    const calls = phase(maximum, limit).send(rank, rank, rank, rank).takeCalls();
    expect(calls.filter((call) => call === 'giveRank')).toHaveLength(given);
    expect(calls.filter((call) => call === 'refuseRank')).toHaveLength(4 - given);
  });
});

describe('closing (S4, S5)', () => {
  test.each([
    ['open, the last of all that were given a rank registers', NO_MAXIMUM, [rank, registered], 'closed'],
    [
      'open, one of two that were given a rank registers',
      NO_MAXIMUM,
      [rank, rank, registered],
      'gathering.open',
    ],
    ['open, the maximum registers', 2, [rank, rank, registered, registered], 'closed'],
    ['joining, the maximum registers', 1, [rank, status, registered], 'closed'],
    [
      'open, a worker died: not all are there',
      2,
      [rank, rank, registered, gone, registered],
      'gathering.open',
    ],
    ['open, status with all there: at once', NO_MAXIMUM, [status], 'closed'],
    ['open, status with one missing', NO_MAXIMUM, [rank, status], 'gathering.joining.byStatus'],
    ['joining by status, its time passes', NO_MAXIMUM, [rank, status, elapsed], 'closed'],
    ['joining by broadcast, its time passes', NO_MAXIMUM, [rank, broadcast, elapsed], 'closed'],
  ])('%s', (_, maximum, events, state) => {
    expect(phase(maximum).send(...events).state).toBe(state);
  });

  test('everyone is told the number that was registered at that moment', () => {
    const closed = phase(NO_MAXIMUM).send(rank, rank, status, registered, elapsed, gone);
    expect(closed.context).toMatchObject({ registeredAtClosing: 1, registered: 0 });
  });
});

describe('the maximum (S4, S5)', () => {
  const set = { type: 'maximum.set', maximum: 7 };

  test.each([
    ['none, frozen by its first read: as many as were given out', NO_MAXIMUM, [rank, rank, readMaximum], 2],
    ['frozen by its first read: stays', 5, [rank, readMaximum], 5],
    ['none, frozen when it is listed', NO_MAXIMUM, [rank, { type: 'maximum.listed' }, rank], 1],
    ['none, frozen by closing', NO_MAXIMUM, [rank, broadcast, elapsed], 1],
    ['reduced by closing that status began', 5, [rank, status, elapsed], 1],
    ['not reduced by closing that a broadcast began', 5, [rank, broadcast, elapsed], 5],
    ['not reduced when status came after the broadcast', 5, [rank, broadcast, status, elapsed], 5],
    ['not reduced when it was frozen before', 5, [rank, readMaximum, status, elapsed], 5],
    ['a store sets it, after freezing, too', 5, [readMaximum, set], 7],
    ['a store sets it after closing, too', 5, [broadcast, elapsed, set], 7],
  ])('%s', (_, maximum, events, expected) => {
    expect(phase(maximum).send(...events).context).toMatchObject({ maximum: expected });
  });
});

describe('how long the phase takes (S5)', () => {
  const duration = { type: 'duration.set', seconds: 7 };

  test.each([
    ['60 seconds', [broadcast], 60],
    ['what was stored', [duration, broadcast], 7],
    ['what the first asker wants', [duration, rank, status], 5],
    ['not what the second wants', [duration, rank, { ...status, delay: undefined }, status], 7],
  ])('%s', (_, events, delay) => {
    expect(phase(3).send(...events).context).toMatchObject({ delay });
  });
});
