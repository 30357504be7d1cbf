import { expect, test } from 'vitest';
import { Batches } from '../../src/sleigh/batches.ts';
import { Crew } from '../../src/sleigh/crew.ts';
import { makeJobMachines, type JobMachines } from '../../src/sleigh/job-machines.ts';
import { Joining } from '../../src/sleigh/joining.ts';
import { NamedTimers } from '../../src/sleigh/named-timers.ts';
import { Recovery } from '../../src/sleigh/recovery.ts';
import { Registrations } from '../../src/sleigh/registrations.ts';
import { boundSleigh } from '../../src/sleigh/sleigh-binding.ts';
import { boundShutdown } from '../../src/sleigh/shutdown-binding.ts';
import { unsafeCast } from '../../src/client/unsafe-cast.ts';
import { FairQueue } from '../../src/sleigh/fair-queue.ts';
import type { Task } from '../../src/sleigh/task.ts';
import { Tasks } from '../../src/sleigh/tasks.ts';
import { boundWorker } from '../../src/sleigh/worker-binding.ts';
import { WaitingLine } from '../../src/workspace/waiting-line.ts';
import { bottomComponents } from '../../src/verify/explore-job/components.ts';
import { explore, replay } from './explorer.ts';
import { smallCast as cast, type Fault } from './fault.ts';
import { LIVENESS } from './liveness.ts';
import { diagramOfViolation } from './violation-diagram.ts';
import { isShort } from '../../test/support/form.ts';
import { openField } from '../../test/support/open-fields.ts';
import { replacedMethod, type Faulty } from '../world/replaced-method.ts';
import { makeSleigh, makeSleighOf } from './world.ts';

/** Runs with one method replaced, and puts the right one back. */
function withFault<T>(prototype: object, method: string, fault: Faulty, run: () => T): T {
  const replaced = replacedMethod(prototype, method, fault);
  try {
    return run();
  } finally {
    replaced[Symbol.dispose]();
  }
}

const FAULTS: readonly Fault[] = [
  {
    what: 'a requeued task goes last',
    prototype: Tasks.prototype,
    method: 'putBack',
    fault: (_right, self, [task]) => openField(self, 'queue', FairQueue).push(unsafeCast<Task>(task)),
    cast: cast('requeue', [], { ranks: 2, tasks: 2 }),
    breaks: 'queued tasks keep their order, and a requeued task is first',
    steps: 6,
  },
  {
    what: 'the close of the group settles no broadcasts',
    prototype: Recovery.prototype,
    method: 'answerFor',
    fault: () => undefined,
    cast: cast('null', ['joining'], { tasks: 0, broadcasts: 1 }),
    breaks: 'every broadcast of a closed group gets exactly workerCount results',
    steps: 3,
  },
  {
    what: 'a client that must wait is not queued',
    prototype: WaitingLine.prototype,
    method: 'add',
    fault: () => undefined,
    cast: cast('null', []),
    breaks: 'waiters of one kind are served in the order in which they came',
    steps: 1,
  },
  {
    what: 'timers continue after the workspace is deleted',
    prototype: NamedTimers.prototype,
    method: 'stopAll',
    fault: () => undefined,
    cast: cast('null', ['deletion']),
    breaks: 'after S16 no actor, timer or waiter of it is left',
    steps: 1,
  },
  {
    what: 'a client that waits for the close of the group is not notified of the deletion',
    prototype: Joining.prototype,
    method: 'refuseEveryone',
    fault: () => [],
    cast: cast('null', ['deletion', 'joining']),
    breaks: 'after S16 no actor, timer or waiter of it is left',
    steps: 2,
  },
  {
    what: 'the death of a worker is not noticed when its connection closes',
    prototype: Crew.prototype,
    method: 'handleDisconnection',
    fault: () => undefined,
    cast: cast('requeue', []),
    breaks: 'the live workers are those that registered and neither died nor left',
    steps: 3,
  },
  {
    what: 'a worker that joins an elastic group later gets no broadcast with reach=all',
    prototype: Tasks.prototype,
    method: 'join',
    fault: (right) => Object.assign(Object(right()), { lastingBefore: 0 }),
    cast: cast('null', ['elastic'], { tasks: 0, broadcasts: 1 }),
    breaks: 'every broadcast of an elastic group gets exactly as many results as it has copies',
    steps: 3,
  },
  {
    what: 'a task that never reached its worker is lost',
    prototype: Tasks.prototype,
    method: 'putBack',
    fault: () => undefined,
    cast: cast('null', ['returning']),
    breaks: 'every accepted task is in exactly one place',
    steps: 5,
  },
  {
    what: 'the replaced connection keeps waiting',
    prototype: Registrations.prototype,
    method: 'replaceConnection',
    fault: (right, _self, [worker]) => {
      Reflect.set(Object(worker), 'pendingGet', undefined);
      return right();
    },
    cast: cast('null', ['returning']),
    breaks: 'waiters of one kind are served in the order in which they came',
    steps: 4,
  },
  {
    what: 'a result that nobody has fetched does not survive a restart',
    prototype: Batches.prototype,
    method: 'restoreResult',
    fault: () => undefined,
    cast: cast('null', []),
    breaks: 'a job that is loaded from its records has the same records',
    steps: 5,
  },
];

/** Explores a faulty job. @param make makes it, if it is not a part of every job that is faulty */
function findShortest(
  { cast, breaks, steps }: Pick<Fault, 'cast' | 'breaks' | 'steps'>,
  make = makeSleigh,
): void {
  const { violation } = explore(cast, { make, loadOneIn: 1, crashOneIn: Infinity });
  expect(violation?.property).toContain(breaks);
  expect(violation?.scenario.steps).toHaveLength(steps);
  if (violation === undefined) return;
  expect(replay(violation.scenario, make)?.property).toBe(violation.property);
  const { title, steps: drawn } = diagramOfViolation(violation, make);
  expect(title).toBe(violation.property);
  expect(drawn.at(-1)).toMatchObject({ on: 'job', isBroken: true });
  expect(drawn.filter((step) => 'from' in step || step.on !== 'job').length).toBeLessThanOrEqual(steps);
}

for (const fault of FAULTS)
  test(`the exploration finds the shortest path to a fault: ${fault.what}`, () => {
    withFault(fault.prototype, fault.method, fault.fault, () => findShortest(fault));
  });

const never = (): boolean => false;
const UNTRACED = { isTraced: false };

test('the exploration finds the shortest path to a fault: sentinels are not told to stop', () => {
  const machines = makeJobMachines(UNTRACED, {
    sleigh: boundSleigh.provide({ actions: { stopSentinels: () => undefined } }),
  });
  const fault = {
    cast: cast('null', ['waking', 'ending']),
    breaks: 'no client waits for a result or a heartbeat while the sleigh is shutting down',
    steps: 3,
  };
  findShortest(fault, (workspace, of) => makeSleighOf(workspace, of, machines));
});

test.each<[what: string, JobMachines, breaks: string, steps: number]>([
  [
    'the shutdown, the last worker of a closed group dies',
    makeJobMachines(UNTRACED, {
      shutdown: boundShutdown.provide({ guards: { lastOneOfClosedGroup: never } }),
    }),
    'a closed group without a living worker is shutting down',
    3,
  ],
  [
    'the worker, a task is available',
    makeJobMachines(UNTRACED, { worker: boundWorker.provide({ guards: { taskIsAvailable: never } }) }),
    'never both: a task that some waiting worker could take',
    4,
  ],
])(
  'the exploration finds the shortest path that shows a guard of %s that is never true',
  (_what, machines, breaks, steps) => {
    findShortest({ cast: cast('null', []), breaks, steps }, (workspace, of) =>
      makeSleighOf(workspace, of, machines),
    );
  },
);

/** @param names those of timers that are never started */
const withoutTimers =
  (names: RegExp): Faulty =>
  (right, _self, [name]) =>
    names.test(String(name)) ? undefined : right();

/** What nobody does any more, found by liveness alone: the properties of states and steps are not checked. */
const STALLS: readonly (Omit<Fault, 'breaks' | 'steps'> & { readonly due: RegExp })[] = [
  {
    what: 'a lost wake-up: a client that waits for a task or a result never receives it',
    prototype: WaitingLine.prototype,
    method: 'shift',
    fault: () => undefined,
    cast: cast('null', []),
    due: /waits for task of a job that ends/,
  },
  {
    what: 'a requeued task is never handed out',
    prototype: Tasks.prototype,
    method: 'putBack',
    fault: () => undefined,
    cast: cast('requeue', [], { workers: 2, ranks: 2 }),
    due: /task 0 is not settled/,
  },
  {
    what: 'the timer that closes the group is never started',
    prototype: NamedTimers.prototype,
    method: 'start',
    fault: withoutTimers(/^joining$/),
    cast: cast('null', ['joining']),
    due: /waits for status/,
  },
  {
    what: 'the heartbeat timer of the sentinels is never started',
    prototype: NamedTimers.prototype,
    method: 'start',
    fault: withoutTimers(/^waking$/),
    cast: cast('null', ['waking']),
    due: /sentinel 0 is never woken/,
  },
  {
    what: 'the timer that ends the job is never started',
    prototype: NamedTimers.prototype,
    method: 'start',
    fault: withoutTimers(/^drain$/),
    cast: cast('null', ['ending']),
    due: /of a job that ends|the job does not end/,
  },
  {
    what: 'the grace timer of a disconnected worker is never started',
    prototype: NamedTimers.prototype,
    method: 'start',
    fault: withoutTimers(/^return of/),
    cast: cast('requeue', ['returning'], { ranks: 2 }),
    due: /task 0 is not settled/,
  },
];

for (const { what, prototype, method, fault, cast: of, due } of isShort ? STALLS.slice(0, 1) : STALLS)
  test(`the check of liveness finds ${what}`, () => {
    withFault(prototype, method, fault, () => {
      const { violation } = explore(of, { isSafetyChecked: false });
      expect(violation?.property).toBe(LIVENESS);
      expect(violation?.what).toMatch(due);
    });
  });

test('the exploration finds a job that does not do the same each time', () => {
  let made = 0;
  const run = () =>
    explore(cast('null', []), {
      make: (workspace, of) => makeSleigh(workspace, made++ % 2 === 0 ? of : { ...of, rankCount: 0 }),
    });
  expect(run).toThrow(/^the path to .* led to /);
});

test('a cycle without an exit is a bottom component, and a cycle with an exit is not', () => {
  // 0 ⇄ 1 → 2 ⇄ 3, and 4 alone.
  expect(
    bottomComponents([[1], [0, 2], [3], [2], []]).map((members) => members.toSorted((a, b) => a - b)),
  ).toEqual([[2, 3], [4]]);
});
