import { expect } from 'vitest';
import { forwardingMachine } from '../../../src/machines/forwarding.ts';
import { checkEach, Recording, type ChartChecks, type ChartTable } from '../../support/chart.ts';

const first = ['request.came, of a client without a session'];
const own = ['request.came, of a client with a session'];
const opened = [...first, 'retry.due, with an owner', 'link.ready', 'session.begun'];
const known = ['retry.due, with an owner'];

/** While no owner is reached. */
const absent = (state: string) =>
  ({
    'stop.asked': ['ended', 'stopWaitTimer', 'end'],
    'request.came, of a client without a session': [state],
    'request.came, of a client with a session': [state],
    'wait.elapsed': ['ended', 'stopWaitTimer', 'end'],
    'client.gone': [state],
  }) as const;

const GONE = { 'client.gone': { isGone: true } };

const table: ChartTable = {
  input: { id: 1 },
  start: { context: { id: 1, isRelayed: false, hasSession: false, isGone: false }, calls: [] },
  events: {
    'request.came, of a client without a session': { type: 'request.came', isOwnSession: false },
    'request.came, of a client with a session': { type: 'request.came', isOwnSession: true },
    'owner.known, another': { type: 'owner.known', isOther: true },
    'owner.known, the same': { type: 'owner.known', isOther: false },
    'retry.due, with an owner': { type: 'retry.due', isKnown: true },
    'retry.due, without one': { type: 'retry.due', isKnown: false },
    'link.ready': { type: 'link.ready' },
    'link.lost': { type: 'link.lost' },
    'session.begun': { type: 'session.begun' },
    'session.refused': { type: 'session.refused' },
    'reply.differs': { type: 'reply.differs' },
    'wait.elapsed': { type: 'wait.elapsed' },
    'client.gone': { type: 'client.gone' },
    'stop.asked': { type: 'stop.asked' },
  },
  states: {
    // D12, D13, D15
    idle: {
      after: [],
      on: {
        'request.came, of a client without a session': ['absent.seeking', 'startWaitTimer', 'seekOwner'],
        'request.came, of a client with a session': ['absent.seeking', 'startWaitTimer', 'seekOwner'],
        'owner.known, another': ['idle'],
        'owner.known, the same': ['idle'],
        'client.gone': ['ended', 'end'],
        'stop.asked': ['ended', 'end'],
      },
      changes: { 'request.came, of a client with a session': { isRelayed: true } },
    },
    // D12, D13
    'absent.seeking': {
      after: first,
      on: {
        ...absent('absent.seeking'),
        'owner.known, another': ['absent.connecting', 'connect'],
        'owner.known, the same': ['absent.connecting', 'connect'],
        'retry.due, with an owner': ['absent.connecting', 'connect'],
        'retry.due, without one': ['absent.seeking'],
      },
      changes: GONE,
    },
    'absent.connecting': {
      after: [...first, ...known],
      on: {
        ...absent('absent.connecting'),
        'link.ready': ['absent.opening', 'beginSession'],
        'link.lost': ['absent.seeking', 'seekOwner'],
        'owner.known, another': ['absent.seeking', 'seekOwner'],
        'owner.known, the same': ['absent.connecting'],
      },
      changes: GONE,
    },
    'absent.opening': {
      after: [...first, ...known, 'link.ready'],
      on: {
        ...absent('absent.opening'),
        'session.begun': ['holding', 'stopWaitTimer', 'sendUnanswered'],
        'session.refused': ['ended', 'stopWaitTimer', 'sendFinalReply', 'end'],
        'link.lost': ['absent.seeking', 'seekOwner'],
        'owner.known, another': ['absent.seeking', 'seekOwner'],
        'owner.known, the same': ['absent.opening'],
      },
      changes: { ...GONE, 'session.begun': { hasSession: true } },
    },
    // D13, D14, D16
    holding: {
      after: [...first, ...known, 'link.ready', 'session.begun'],
      on: {
        'request.came, of a client without a session': ['holding', 'sendRequest'],
        'request.came, of a client with a session': ['holding', 'sendRequest'],
        'link.lost': ['absent.seeking', 'startWaitTimer', 'seekOwner'],
        'owner.known, another': ['absent.seeking', 'startWaitTimer', 'seekOwner'],
        'owner.known, the same': ['holding'],
        'reply.differs': ['ended', 'end'],
        'client.gone': ['ended', 'end'],
        'stop.asked': ['ended', 'end'],
      },
    },
    // D15
    relaying: {
      after: [...own, ...known, 'link.ready'],
      on: {
        'link.lost': ['ended', 'end'],
        'owner.known, another': ['ended', 'end'],
        'owner.known, the same': ['relaying'],
        'client.gone': ['ended', 'end'],
        'stop.asked': ['ended', 'end'],
      },
    },
  },
  finals: { ended: ['client.gone'] },
};

/** Events after which the machine has made these calls. */
const GONE_CLIENTS: readonly (readonly [
  name: string,
  events: readonly string[],
  ...calls: readonly string[],
])[] = [
  [
    'a client that has disconnected is resumed, so that the owner gets its requests, and ends (D13)',
    [...first, 'client.gone', ...known, 'link.ready', 'session.begun'],
    'stopWaitTimer',
    'sendUnanswered',
    'end',
  ],
  [
    'a client with a session of its own that has disconnected is relayed, and ends (D15)',
    [...own, 'client.gone', ...known, 'link.ready'],
    'stopWaitTimer',
    'relay',
    'end',
  ],
];

export const forwardingChecks: ChartChecks = {
  machine: forwardingMachine,
  table,
  stories: {
    'a client that disconnects while no owner is reached': checkEach(
      GONE_CLIENTS,
      (machine, events, ...calls) => {
        const recording = new Recording(machine, table.input);
        for (const name of events) {
          recording.takeCalls();
          recording.send(table.events[name] ?? { type: name });
        }
        expect([recording.state, ...recording.takeCalls()]).toEqual(['ended', ...calls]);
      },
    ),
    'the session': checkEach([['is opened once, and resumed afterwards (D13)']], (machine) => {
      const recording = new Recording(machine, table.input);
      for (const name of [...opened, 'link.lost', ...known, 'link.ready'])
        recording.send(table.events[name] ?? { type: name });
      expect(recording.seenBy('beginSession')).toMatchObject([{ hasSession: false }, { hasSession: true }]);
    }),
    'the link of a client with a session of its own': checkEach(
      [['takes the bytes as they are (D15)']],
      (machine) => {
        const recording = new Recording(machine, table.input);
        for (const name of [...own, ...known, 'link.ready'])
          recording.send(table.events[name] ?? { type: name });
        expect(recording.state).toBe('relaying');
        expect(recording.takeCalls().filter((call) => call === 'relay')).toEqual(['relay']);
      },
    ),
  },
};
