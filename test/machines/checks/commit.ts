import { expect } from 'vitest';
import { commitMachine } from '../../../src/machines/commit.ts';
import { checkEach, Recording, type ChartChecks, type ChartTable } from '../../support/chart.ts';

const table: ChartTable = {
  input: undefined,
  start: { context: { isCarriedOut: false }, calls: [] },
  events: {
    'commit.asked': { type: 'commit.asked' },
    'commit.done': { type: 'commit.done' },
    'commit.refused': { type: 'commit.refused' },
    'commit.impossible': { type: 'commit.impossible' },
    'outcome.unknown': { type: 'outcome.unknown' },
    'head.read, as it was': { type: 'head.read', isOwn: true, ahead: 0 },
    'head.read, one more': { type: 'head.read', isOwn: true, ahead: 1 },
    'head.read, one less': { type: 'head.read', isOwn: true, ahead: -1 },
    'head.read, of another': { type: 'head.read', isOwn: false, ahead: 0 },
    'store.unreachable': { type: 'store.unreachable' },
    'patience.elapsed': { type: 'patience.elapsed' },
  },
  states: {
    // D9
    idle: { after: [], on: { 'commit.asked': ['writing', 'write'] } },
    // D2, D9, D10, D6
    writing: {
      after: ['commit.asked'],
      on: {
        'commit.done': ['idle', 'acknowledge'],
        'commit.refused': ['doubtful', 'readHead'],
        'outcome.unknown': ['doubtful', 'readHead'],
        'commit.impossible': ['failed', 'reportFailed'],
        'patience.elapsed': ['failed', 'reportFailed'],
      },
    },
    // D9, D10, D6
    doubtful: {
      after: ['commit.asked', 'outcome.unknown'],
      on: {
        'head.read, as it was': ['writing', 'write'],
        'head.read, one more': ['securing', 'setHead', 'writeBarrier'],
        'head.read, one less': ['failed', 'reportFailed'],
        'head.read, of another': ['fenced', 'reportFenced'],
        'store.unreachable': ['doubtful', 'readHeadLater'],
        'patience.elapsed': ['failed', 'reportFailed'],
      },
      changes: { 'head.read, one more': { isCarriedOut: true } },
    },
    // D10, D6
    securing: {
      after: ['commit.asked', 'outcome.unknown', 'head.read, one more'],
      on: {
        'commit.done': ['idle', 'acknowledge'],
        'commit.refused': ['doubtful', 'readHead'],
        'outcome.unknown': ['doubtful', 'readHead'],
        'commit.impossible': ['failed', 'reportFailed'],
        'patience.elapsed': ['failed', 'reportFailed'],
      },
      changes: { 'commit.done': { isCarriedOut: false } },
    },
  },
  finals: {
    fenced: ['commit.asked', 'outcome.unknown', 'head.read, of another'],
    failed: ['commit.asked', 'patience.elapsed'],
  },
};

/** A commit that was carried out, and whose further commit is doubtful. */
const DOUBTFUL_TWICE = ['commit.asked', 'outcome.unknown', 'head.read, one more', 'outcome.unknown'];

export const commitChecks: ChartChecks = {
  machine: commitMachine,
  table,
  stories: {
    'when the further commit is doubtful as well (D10)': checkEach<
      [event: string, next: string, ...calls: string[]]
    >(
      [
        [
          'it is made again if the head is as it was',
          'head.read, as it was',
          'securing',
          'setHead',
          'writeBarrier',
        ],
        [
          'another one is made if it was carried out',
          'head.read, one more',
          'securing',
          'setHead',
          'writeBarrier',
        ],
        ['the store has failed if it has lost the first', 'head.read, one less', 'failed', 'reportFailed'],
      ],
      (machine, event, next, ...calls) => {
        const events = [...DOUBTFUL_TWICE, event].map((name) => table.events[name] ?? { type: name });
        const recording = new Recording(machine, undefined).send(...events.slice(0, -1));
        recording.takeCalls();
        recording.send(...events.slice(-1));
        expect([recording.state, ...recording.takeCalls()]).toEqual([next, ...calls]);
      },
    ),
  },
};
