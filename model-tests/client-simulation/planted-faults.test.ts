// oxlint-disable typescript/unbound-method -- they are called with their object
import { afterEach, describe, expect, it, vi } from 'vitest';
import { NwsConnection } from '../../src/client/connection/connection.ts';
import { Results } from '../../src/client/master/results.ts';
import { SentinelEventWriter } from '../../src/client/sentinel/sentinel-event-writer.ts';
import { CANCELLED_BATCHES } from '../../src/client/task/task-metadata.ts';
import type { WorkerChild } from '../../src/client/sentinel/worker-child.ts';
import type { Sabotage, SimulatedHost } from './host/host.ts';
import type { Without } from '../world/faults.ts';
import { shrink } from '../world/shrink.ts';
import { simulate, type Report } from './simulate.ts';
import type { Command } from '../../src/core/commands.ts';
import { KeptReplies } from '../../src/core/kept-replies.ts';
import { Deadlines } from '../../src/sleigh/deadlines.ts';
import { ChangeRecorder } from '../../src/store/change-recorder.ts';
import { Durability, type Performer } from '../../src/transport/durability.ts';
import { CoreWorld } from '../world/core-world.ts';
import { NamedTimers } from '../../src/sleigh/named-timers.ts';
import { Tasks } from '../../src/sleigh/tasks.ts';
import { WaitingLine } from '../../src/workspace/waiting-line.ts';
import { isShort } from '../../test/support/form.ts';

// Each fault is planted in the code that the simulation runs, and must be detected by the property that it breaks.

/** The maximum number of seeds until it is detected. */
const MAX_SEEDS = 40;

/** Milliseconds after the end of a worker at which another one has its rank. */
const AFTER_REPLACEMENT_MS = 1_000;

/**
 * @param first the first seed: one that is known to detect it, as long as seeds behave as they do now
 * @param isStored whether the server has a store, and crashes
 */
async function wrongsFound(
  sabotage: Sabotage,
  expected: RegExp,
  first = 1,
  isStored = false,
): Promise<string[]> {
  const found = new Set<string>();
  for (let seed = first; seed < first + MAX_SEEDS; seed++) {
    const { wrongs } = await simulate(seed, sabotage, new CoreWorld(seed, { isStored }));
    for (const wrong of wrongs) found.add(wrong);
    if (wrongs.some((wrong) => expected.test(wrong))) break;
  }
  return [...found];
}

function performerOf(durability: Durability): Performer {
  const performer: Performer = Reflect.get(durability, '$performer');
  return performer;
}

const isReply = ({ type }: Command): boolean => type === 'send' || type === 'sendFile';

const secondSeed = (without: Without): Promise<Report> => simulate(2, {}, new CoreWorld(2, { without }));

const withoutGrace: Sabotage['order'] = (given) => ({ ...given, reconnectGrace: 0 });

/** It is connected and does nothing. */
function phantom(child: WorkerChild): WorkerChild {
  return { ...child, ended: new Promise(() => undefined), send: () => undefined, kill: () => undefined };
}

/** During the work. */
function killSentinels(host: SimulatedHost): void {
  host.world.agenda.after(3_000, () => {
    for (const process of host.processes)
      if (process.name.startsWith('sentinel')) host.end(process, 'signal SIGKILL');
  });
}

afterEach(() => vi.restoreAllMocks());

describe.skipIf(isShort)('the simulation of the client detects', { timeout: 300_000 }, () => {
  it('a result that was received and then dropped', async () => {
    const { fetch } = NwsConnection.prototype;
    let results = 0;
    vi.spyOn(NwsConnection.prototype, 'fetch').mockImplementation(async function (
      this: NwsConnection,
      ...args
    ) {
      const found = await fetch.apply(this, args);
      if (args[1] !== 'result' || ++results % 10 !== 0) return found;
      return fetch.apply(this, args);
    });
    const expected = /is not settled/;
    expect(await wrongsFound({}, expected, 2)).toContainEqual(expect.stringMatching(expected));
  });

  it('a result that is reported twice', async () => {
    const { outcomes } = Results.prototype;
    vi.spyOn(Results.prototype, 'outcomes').mockImplementation(async function* (this: Results<unknown>) {
      for await (const outcome of outcomes.call(this)) {
        yield outcome;
        if (outcome.index % 10 === 9) yield outcome;
      }
    });
    const expected = /is settled twice/;
    expect(await wrongsFound({}, expected, 1)).toContainEqual(expect.stringMatching(expected));
  });

  it('a replacement that is never started', async () => {
    const expected = /is not settled|has ended: SleighError/;
    const wrongs = await wrongsFound(
      { child: (start, times) => (times === 1 ? start() : phantom(start())) },
      expected,
      11,
    );
    expect(wrongs).toContainEqual(expect.stringMatching(expected));
  });

  it('a worker that is not stopped when its call times out', async () => {
    const expected = /goes on after its timeout/;
    const wrongs = await wrongsFound(
      { child: (start) => ({ ...start(), kill: () => undefined }) },
      expected,
      3,
    );
    expect(wrongs).toContainEqual(expect.stringMatching(expected));
  });

  it('a cancelled batch that is not reported', async () => {
    const { store } = NwsConnection.prototype;
    vi.spyOn(NwsConnection.prototype, 'store').mockImplementation(async function (
      this: NwsConnection,
      ...args
    ) {
      return args[1] === CANCELLED_BATCHES ? new Map() : store.apply(this, args);
    });
    const expected = /goes on after its batch was aborted/;
    expect(await wrongsFound({}, expected, 26)).toContainEqual(expect.stringMatching(expected));
  });

  it('a death that is reported twice', async () => {
    const { end } = SentinelEventWriter.prototype;
    let later: (act: () => void) => void;
    vi.spyOn(SentinelEventWriter.prototype, 'end').mockImplementation(async function (
      this: SentinelEventWriter,
      ...args
    ) {
      await end.apply(this, args);
      later(() => void end.apply(this, args));
    });
    const begin: Sabotage['begin'] = ({ world }) => {
      later = (act) => void world.agenda.after(AFTER_REPLACEMENT_MS, act);
    };
    const expected = /is called in|has the outcome worker-died/;
    expect(await wrongsFound({ begin }, expected, 11)).toContainEqual(expect.stringMatching(expected));
  });

  it('a lost result, with few elements and no fault besides', async () => {
    const { fetch } = NwsConnection.prototype;
    vi.spyOn(NwsConnection.prototype, 'fetch').mockImplementation(async function (
      this: NwsConnection,
      ...args
    ) {
      const result = await fetch.apply(this, args);
      return args[1] === 'result' ? fetch.apply(this, args) : result;
    });
    const found = await secondSeed(new Set());
    expect(found.wrongs).not.toEqual([]);
    const { outcome } = await shrink(found, secondSeed, { runs: 80 });
    expect([...outcome.faults]).toEqual([]);
    expect(outcome.trace.length).toBeLessThan(found.trace.length / 2);
    expect(outcome.diagram.steps.length).toBeLessThanOrEqual(20);
  });

  it('a restart budget that is not enforced', async () => {
    const expected = /were replaced at once within/;
    const respawn = { restarts: 1_000, within: 1, maxDelay: 1 };
    const wrongs = await wrongsFound({ order: (given) => ({ ...given, respawn }) }, expected, 11);
    expect(wrongs).toContainEqual(expect.stringMatching(expected));
  });

  it('a lost wake-up: a client that waits for a task or a result never receives it', async () => {
    vi.spyOn(WaitingLine.prototype, 'shift').mockReturnValue(undefined);
    const expected = /has not come to the end|has not ended \d+ events after/;
    expect(await wrongsFound({}, expected)).toContainEqual(expect.stringMatching(expected));
  });

  it('a requeued task that is never handed out', async () => {
    vi.spyOn(Tasks.prototype, 'putBack').mockReturnValue(undefined);
    const expected = /has not come to the end|has not ended \d+ events after/;
    expect(await wrongsFound({}, expected)).toContainEqual(expect.stringMatching(expected));
  });

  it('a timer of the job that is never started, so that the group never closes or the job never ends', async () => {
    vi.spyOn(NamedTimers.prototype, 'start').mockReturnValue(undefined);
    const expected = /has not come to the end|has not ended \d+ events after/;
    expect(await wrongsFound({}, expected, 50)).toContainEqual(expect.stringMatching(expected));
  });

  it('workers that outlive their sentinel', async () => {
    const expected = /outlives its pool/;
    const wrongs = await wrongsFound({ hasNoWatchdog: true, begin: killSentinels }, expected, 3);
    expect(wrongs).toContainEqual(expect.stringMatching(expected));
  });
});

describe.skipIf(isShort)(
  'the simulation of the client with a server that crashes detects',
  { timeout: 300_000 },
  () => {
    it('a server that replies before it commits', async () => {
      const { handled } = Durability.prototype;
      vi.spyOn(Durability.prototype, 'handled').mockImplementation(function (this: Durability, commands) {
        performerOf(this).perform(commands.filter(isReply));
        handled.call(
          this,
          commands.filter((command) => !isReply(command)),
        );
      });
      const expected = /the couriers stored|has the outcome|is called in/;
      expect(await wrongsFound({}, expected, 1, true)).toContainEqual(expect.stringMatching(expected));
    });

    it('a server that repeats the effect of a repeated request', async () => {
      vi.spyOn(KeptReplies.prototype, 'find').mockReturnValue(undefined);
      const expected = /the couriers stored/;
      expect(await wrongsFound({}, expected, 1, true)).toContainEqual(expect.stringMatching(expected));
    });

    it('a server that does not record that a value is taken', async () => {
      const { delete: right } = ChangeRecorder.prototype;
      vi.spyOn(ChangeRecorder.prototype, 'delete').mockImplementation(function (this: ChangeRecorder, key) {
        if (key[0] !== 'value') right.call(this, key);
      });
      const expected = /is only in the store/;
      expect(await wrongsFound({}, expected, 1, true)).toContainEqual(expect.stringMatching(expected));
    });

    it('a job that has no deadlines any more', async () => {
      vi.spyOn(Deadlines.prototype, 'restore').mockReturnValue(undefined);
      const expected = /deadline.* is only in the store/;
      expect(await wrongsFound({}, expected, 1, true)).toContainEqual(expect.stringMatching(expected));
    });

    it('a sentinel that does not come back', async () => {
      const expected = /has ended: SleighError|has the outcome no-workers/;
      expect(await wrongsFound({ order: withoutGrace }, expected, 1, true)).toContainEqual(
        expect.stringMatching(expected),
      );
    });
  },
);
