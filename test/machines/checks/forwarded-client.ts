import { expect } from 'vitest';
import { forwardedClientMachine } from '../../../src/machines/forwarded-client.ts';
import { checkEach, Recording, type ChartChecks, type ChartTable } from '../../support/chart.ts';

const first = 'request.came, for one owner';
const own = 'request.came, with a session of its own';
const forAll = 'request.came, for all owners';
const forFront = 'request.came, for this server';

/** In every state. */
const always = {
  'stop.asked': ['ended', 'end'],
  'wait.elapsed': ['ended', 'end'],
  'session.superseded': ['ended', 'end'],
} as const;

/** While requests are carried out. */
const serving = (state: string) =>
  ({
    ...always,
    'session.ready, and more is to be sent': [state],
    'session.ready, and all is sent': [state],
    'session.refused': ['ended', 'endSessions', 'sendFinalReply', 'end'],
    'reply.differs': ['ended', 'end'],
    'request.unrepeatable': ['ended', 'end'],
    'client.gone, and all is sent': ['ended', 'end'],
    'client.gone, and more is to be sent': [state, 'endReady'],
  }) as const;

const GONE = {
  'client.gone, and all is sent': { isGone: true },
  'client.gone, and more is to be sent': { isGone: true },
};
const NOT_SENT = { 'client.gone, and more is to be sent': { isGone: true } };

const table: ChartTable = {
  input: { id: 1 },
  start: { context: { id: 1, isGone: false }, calls: [] },
  events: {
    [first]: { type: 'request.came', isOwnSession: false, isForAll: false, isForFront: false },
    [own]: { type: 'request.came', isOwnSession: true, isForAll: false, isForFront: false },
    [forAll]: { type: 'request.came', isOwnSession: false, isForAll: true, isForFront: false },
    [forFront]: { type: 'request.came', isOwnSession: false, isForAll: false, isForFront: true },
    'request.next, for this server': { type: 'request.next', isForAll: false, isForFront: true },
    'request.next, for one owner': { type: 'request.next', isForAll: false, isForFront: false },
    'request.next, for all owners': { type: 'request.next', isForAll: true, isForFront: false },
    'line.empty': { type: 'line.empty', isSent: true },
    'line.elsewhere': { type: 'line.elsewhere' },
    'requests.answered': { type: 'requests.answered' },
    gathered: { type: 'gathered' },
    'session.ready, and more is to be sent': { type: 'session.ready', isJoined: false, isSent: false },
    'session.ready, and all is sent': { type: 'session.ready', isJoined: true, isSent: true },
    'session.refused': { type: 'session.refused' },
    'session.superseded': { type: 'session.superseded' },
    'reply.differs': { type: 'reply.differs' },
    'request.unrepeatable': { type: 'request.unrepeatable' },
    'wait.elapsed': { type: 'wait.elapsed' },
    'client.gone, and all is sent': { type: 'client.gone', isSent: true },
    'client.gone, and more is to be sent': { type: 'client.gone', isSent: false },
    'stop.asked': { type: 'stop.asked' },
  },
  states: {
    idle: {
      after: [],
      on: {
        ...always,
        [first]: ['serving.free', 'takeNext'],
        [forAll]: ['serving.free', 'takeNext'],
        [forFront]: ['idle', 'locate'],
        [own]: ['joining.home', 'joinHome'],
        'client.gone, and all is sent': ['ended', 'end'],
        'client.gone, and more is to be sent': ['ended', 'end'],
      },
    },
    // D15
    'joining.home': {
      after: [own],
      on: {
        ...always,
        [first]: ['joining.home'],
        [forAll]: ['joining.home'],
        [forFront]: ['joining.home'],
        [own]: ['joining.home'],
        'session.ready, and all is sent': ['serving.free', 'replyJoined', 'takeNext'],
        'session.ready, and more is to be sent': ['joining.others', 'joinOthers'],
        'session.refused': ['serving.free', 'replyNotJoined', 'takeNext'],
        'client.gone, and all is sent': ['joining.home'],
        'client.gone, and more is to be sent': ['joining.home'],
      },
      changes: GONE,
    },
    // D18
    'joining.others': {
      after: [own, 'session.ready, and more is to be sent'],
      on: {
        ...always,
        [first]: ['joining.others'],
        [forAll]: ['joining.others'],
        [forFront]: ['joining.others'],
        [own]: ['joining.others'],
        'session.ready, and all is sent': ['serving.free', 'replyJoined', 'takeNext'],
        'session.ready, and more is to be sent': ['joining.others'],
        'session.refused': ['serving.free', 'endSessions', 'refuseJoining', 'takeNext'],
        'client.gone, and all is sent': ['joining.others'],
        'client.gone, and more is to be sent': ['joining.others'],
      },
      changes: GONE,
    },
    // D17
    'serving.free': {
      after: [first],
      on: {
        ...serving('serving.free'),
        [first]: ['serving.busy', 'pass'],
        [own]: ['serving.busy', 'pass'],
        [forAll]: ['serving.gathering', 'gather'],
        [forFront]: ['serving.free', 'locate', 'takeNext'],
        'request.next, for this server': ['serving.free', 'locate', 'takeNext'],
        'request.next, for one owner': ['serving.busy', 'pass'],
        'request.next, for all owners': ['serving.gathering', 'gather'],
        'line.empty': ['serving.free'],
        'line.elsewhere': ['serving.free'],
      },
      changes: NOT_SENT,
    },
    'serving.busy': {
      after: [first, first],
      on: {
        ...serving('serving.busy'),
        [first]: ['serving.busy', 'pass'],
        [own]: ['serving.busy', 'pass'],
        [forAll]: ['serving.busy', 'pass'],
        [forFront]: ['serving.busy', 'pass'],
        'line.empty': ['serving.busy'],
        'line.elsewhere': ['serving.crossing', 'probe'],
        'requests.answered': ['serving.free', 'takeNext'],
      },
      changes: NOT_SENT,
    },
    'serving.crossing': {
      after: [first, first, 'line.elsewhere'],
      on: {
        ...serving('serving.crossing'),
        [first]: ['serving.crossing'],
        [own]: ['serving.crossing'],
        [forAll]: ['serving.crossing'],
        [forFront]: ['serving.crossing'],
        'requests.answered': ['serving.free', 'takeNext'],
      },
      changes: NOT_SENT,
    },
    'serving.gathering': {
      after: [first, forAll],
      on: {
        ...serving('serving.gathering'),
        [first]: ['serving.gathering'],
        [own]: ['serving.gathering'],
        [forAll]: ['serving.gathering'],
        [forFront]: ['serving.gathering'],
        gathered: ['serving.free', 'takeNext'],
      },
      changes: NOT_SENT,
    },
  },
  finals: { ended: ['stop.asked'] },
};

const gone = 'client.gone, and more is to be sent';

export const forwardedClientChecks: ChartChecks = {
  machine: forwardedClientMachine,
  table,
  stories: {
    'a client that has disconnected': checkEach(
      [
        ['ends when the owner has got its last request (D13)', [first, gone, 'line.empty'], 'ended'],
        ['ends when the owner has got all that waited (D13)', [first, first, gone, 'line.empty'], 'ended'],
        ['ends when its session is resumed (D13)', [first, gone, 'session.ready, and all is sent'], 'ended'],
        [
          'goes on while requests are not sent (D13)',
          [first, first, gone, 'session.ready, and more is to be sent', 'requests.answered'],
          'serving.free',
        ],
      ],
      (machine, events, state) => {
        const recording = new Recording(machine, table.input);
        for (const name of events) recording.send(table.events[name] ?? { type: name });
        expect(recording.state).toBe(state);
      },
    ),
    'what waits for a client that has disconnected': checkEach(
      [['is ended when it is known that it has gone (V6)']],
      (machine) => {
        const recording = new Recording(machine, table.input);
        for (const name of [first, gone]) recording.send(table.events[name] ?? { type: name });
        expect(recording.seenBy('endReady')).toMatchObject([{ isGone: true }]);
      },
    ),
  },
};
