import { expect } from 'vitest';
import { forwardingMachine } from '../../../src/machines/forwarding.ts';
import { checkEach, Recording, type ChartChecks, type ChartTable } from '../../support/chart.ts';

const known = ['retry.due, with an owner'];
const opening = [...known, 'link.ready'];
const begun = 'session.begun, and all can be repeated';
const lost = 'session.begun, and a request cannot be repeated';

/** While no owner is reached. */
const absent = (state: string) =>
  ({
    'client.ended': ['ended', 'stopWaitTimer', 'end'],
    'request.passed': [state],
    'wait.elapsed': ['ended', 'stopWaitTimer', 'reportMissing', 'end'],
    'session.noted': [state],
    'end.asked': [state],
  }) as const;

/** While the owner may change. */
const linked = (state: string) =>
  ({
    'link.lost': ['absent.seeking', 'seekOwner'],
    'owner.known, another': ['absent.seeking', 'seekOwner'],
    'owner.known, the same': [state],
  }) as const;

const NOTED = { 'session.noted': { isNoted: true }, 'end.asked': { isEnding: true } };

const table: ChartTable = {
  input: { id: 1, isBare: false, hasSession: false, isNoted: false },
  start: {
    context: { id: 1, isBare: false, hasSession: false, isNoted: false, isEnding: false },
    calls: ['startWaitTimer', 'seekOwner'],
  },
  events: {
    'request.passed': { type: 'request.passed' },
    'owner.known, another': { type: 'owner.known', isOther: true },
    'owner.known, the same': { type: 'owner.known', isOther: false },
    'retry.due, with an owner': { type: 'retry.due', isKnown: true },
    'retry.due, without one': { type: 'retry.due', isKnown: false },
    'link.ready': { type: 'link.ready' },
    'link.lost': { type: 'link.lost' },
    [begun]: { type: 'session.begun', isRepeatable: true },
    [lost]: { type: 'session.begun', isRepeatable: false },
    'session.refused': { type: 'session.refused' },
    'session.noted': { type: 'session.noted' },
    'reply.differs': { type: 'reply.differs' },
    'wait.elapsed': { type: 'wait.elapsed' },
    'client.ended': { type: 'client.ended' },
    'end.asked': { type: 'end.asked' },
  },
  states: {
    // D12, D13
    'absent.seeking': {
      after: [],
      on: {
        ...absent('absent.seeking'),
        'owner.known, another': ['absent.connecting', 'connect'],
        'owner.known, the same': ['absent.connecting', 'connect'],
        'retry.due, with an owner': ['absent.connecting', 'connect'],
        'retry.due, without one': ['absent.seeking'],
      },
      changes: NOTED,
    },
    'absent.connecting': {
      after: known,
      on: {
        ...absent('absent.connecting'),
        ...linked('absent.connecting'),
        'link.ready': ['absent.opening', 'beginSession'],
      },
      changes: NOTED,
    },
    'absent.opening': {
      after: opening,
      on: {
        ...absent('absent.opening'),
        ...linked('absent.opening'),
        [begun]: ['absent.noting', 'noteAtHome'],
        [lost]: ['ended', 'stopWaitTimer', 'reportUnrepeatable', 'end'],
        'session.refused': ['ended', 'stopWaitTimer', 'reportRefused', 'end'],
      },
      changes: { ...NOTED, [begun]: { hasSession: true } },
    },
    // D18
    'absent.noting': {
      after: [...opening, begun],
      on: {
        ...absent('absent.noting'),
        ...linked('absent.noting'),
        'session.noted': ['holding', 'stopWaitTimer', 'sendUnanswered'],
      },
      changes: NOTED,
    },
    // D13, D14, D16
    holding: {
      after: [...opening, begun, 'session.noted'],
      on: {
        'client.ended': ['ended', 'end'],
        'end.asked': ['ended', 'endSession', 'end'],
        'request.passed': ['holding', 'sendRequest'],
        'link.lost': ['absent.seeking', 'startWaitTimer', 'seekOwner'],
        'owner.known, another': ['absent.seeking', 'startWaitTimer', 'seekOwner'],
        'owner.known, the same': ['holding'],
        'reply.differs': ['ended', 'reportDiffers', 'end'],
      },
    },
  },
  finals: { ended: ['client.ended'] },
};

/** A machine with that input, after some events. */
function after(machine: ChartChecks['machine'], input: object, names: readonly string[]): Recording {
  const recording = new Recording(machine, {
    id: 1,
    isBare: false,
    hasSession: false,
    isNoted: true,
    ...input,
  });
  return recording.send(...names.map((name) => table.events[name] ?? { type: name }));
}

export const forwardingChecks: ChartChecks = {
  machine: forwardingMachine,
  table,
  stories: {
    'the session': checkEach(
      [
        ['is opened once, and resumed afterwards (D13)', {}, [false, true]],
        ['is resumed from the beginning if the home has noted it (D18)', { hasSession: true }, [true, true]],
      ],
      (machine, input, had) => {
        const recording = after(machine, input, [...opening, begun, 'link.lost', ...opening]);
        expect(recording.seenBy('beginSession')).toMatchObject(had.map((hasSession) => ({ hasSession })));
      },
    ),
    'the home': checkEach(
      [
        ['is not asked where it knows the partition (D18)', { isNoted: true }, [begun]],
        [
          'is not asked again when the link was lost before it answered (D18)',
          { isNoted: false },
          [begun, 'link.lost', 'session.noted', ...opening, begun],
        ],
      ],
      (machine, input, events) => {
        const recording = after(machine, input, [...opening, ...events]);
        expect(recording.state).toBe('holding');
        expect(recording.takeCalls().filter((call) => call === 'noteAtHome')).toHaveLength(
          input.isNoted ? 0 : 1,
        );
      },
    ),
    'a session that has ended in another partition': checkEach(
      [['ends when its owner is reached (D18)']],
      (machine) => {
        const recording = after(machine, {}, [...known, 'end.asked', 'link.ready', begun]);
        expect(recording.state).toBe('ended');
        expect(recording.takeCalls().slice(-4)).toEqual([
          'beginSession',
          'stopWaitTimer',
          'endSession',
          'end',
        ]);
      },
    ),
    'a link for a listing': checkEach([['begins no session (D17)']], (machine) => {
      const recording = after(machine, { isBare: true }, opening);
      expect(recording.state).toBe('holding');
      expect(recording.takeCalls()).not.toContain('beginSession');
    }),
  },
};
