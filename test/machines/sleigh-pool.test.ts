import { describe, expect, it } from 'vitest';
import { LifeCycle, LifeCycleTable } from '../../src/client/life-cycle.ts';
import {
  sleighPoolMachine,
  type SleighPoolCommand,
  type SleighPoolEvent,
  type SleighPoolTag,
} from '../../src/machines/pool/sleigh-pool.ts';

type Type = SleighPoolEvent['type'];
const EVENTS: readonly Type[] = [
  'call.made',
  'calls.ended',
  'job.started',
  'job.failed',
  'job.closed',
  'idle.elapsed',
  'close.asked',
];
const START: SleighPoolCommand[] = ['holdProcess', 'startJob'];

/** For each state: a path to it, the events that it allows, and what each commands. All others change nothing. */
const STATES: readonly (readonly [Type[], Partial<Record<Type, SleighPoolCommand[]>>])[] = [
  [[], { 'call.made': START, 'close.asked': [] }],
  [
    ['call.made'],
    {
      'job.started': ['releaseProcess', 'holdProcess'],
      'job.failed': ['releaseProcess'],
      'close.asked': ['releaseProcess', 'stopJob'],
    },
  ],
  [
    ['call.made', 'job.started'],
    {
      'calls.ended': ['releaseProcess', 'startIdleTimer'],
      'job.closed': ['releaseProcess'],
      'close.asked': ['releaseProcess', 'stopJob'],
    },
  ],
  [
    ['call.made', 'job.started', 'calls.ended'],
    {
      'call.made': ['stopIdleTimer', 'holdProcess'],
      'idle.elapsed': ['stopIdleTimer', 'stopJob'],
      'job.closed': ['stopIdleTimer'],
      'close.asked': ['stopIdleTimer', 'stopJob'],
    },
  ],
  [['close.asked'], {}],
];

/** The commands of each event. */
function run(events: readonly Type[]): SleighPoolCommand[][] {
  let latest: SleighPoolCommand[] = [];
  const note = (command: SleighPoolCommand) => (): void => void latest.push(command);
  const life = new LifeCycle<SleighPoolEvent, SleighPoolCommand, SleighPoolTag>(
    new LifeCycleTable(sleighPoolMachine),
    {
      startJob: note('startJob'),
      stopJob: note('stopJob'),
      startIdleTimer: note('startIdleTimer'),
      stopIdleTimer: note('stopIdleTimer'),
      holdProcess: note('holdProcess'),
      releaseProcess: note('releaseProcess'),
    },
  );
  return events.map((type) => {
    latest = [];
    life.send({ type });
    return latest;
  });
}

describe('a SleighPool', () => {
  it.each(STATES)('after %j allows %j', (path, allowed) => {
    for (const type of EVENTS)
      expect([type, run([...path, type]).at(-1)]).toEqual([type, allowed[type] ?? []]);
  });

  it('starts another job after each end, and none when it is closed', () => {
    const busy: Type[] = ['call.made', 'job.started'];
    for (const end of [
      ['job.closed'],
      ['calls.ended', 'idle.elapsed'],
      ['calls.ended', 'job.closed'],
    ] as const)
      expect(run([...busy, ...end, 'call.made']).at(-1)).toEqual(START);
    expect(run(['call.made', 'job.failed', 'call.made']).at(-1)).toEqual(START);
    expect(run([...busy, 'close.asked', 'call.made']).at(-1)).toEqual([]);
  });
});
