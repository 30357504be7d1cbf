import { afterEach, expect, test } from 'vitest';
import { AgentRecords } from '../../src/sleigh/agent-records.ts';
import { Crew } from '../../src/sleigh/crew.ts';
import { Deadlines } from '../../src/sleigh/deadlines.ts';
import { TaskRecords } from '../../src/sleigh/task-records.ts';
import { byForm } from '../../test/support/form.ts';
import { replacedMethod } from '../world/replaced-method.ts';
import { explore, replay } from './explorer.ts';
import { smallCast as cast, type Fault } from './fault.ts';
import { CLOSED, PROJECTION } from './reloading.ts';
import type { Extra } from './scenario.ts';

// Crashes as events of the exploration: what they show of the current job is in explore.test.ts. Here the job is faulty.

let replaced: Disposable | undefined;
afterEach(() => {
  replaced?.[Symbol.dispose]();
  replaced = undefined;
});

const STORED: readonly Fault[] = [
  {
    what: 'does not notice that the connections of before the crash have closed',
    prototype: Crew.prototype,
    method: 'handleDisconnection',
    fault: (right, _self, [id]) => (Number(id) < 0 ? undefined : right()),
    cast: cast('requeue', []),
    breaks: CLOSED,
    steps: 1,
  },
  {
    what: 'has no deadlines any more',
    prototype: Deadlines.prototype,
    method: 'restore',
    fault: () => undefined,
    cast: cast('null', ['joining']),
    breaks: PROJECTION,
    steps: 0,
  },
  {
    what: 'does not record that a task is queued',
    prototype: TaskRecords.prototype,
    method: 'queued',
    fault: () => undefined,
    cast: cast('null', []),
    breaks: PROJECTION,
    steps: 1,
  },
  {
    what: 'does not record that a worker has changed',
    prototype: AgentRecords.prototype,
    method: 'workerChanged',
    fault: () => undefined,
    cast: cast('null', []),
    breaks: PROJECTION,
    steps: 1,
  },
];

for (const { what, prototype, method, fault, cast: of, breaks, steps } of STORED)
  test(`the exploration finds a job that ${what}`, () => {
    replaced = replacedMethod(prototype, method, fault);
    const { violation } = explore(of, { loadOneIn: Infinity, crashOneIn: 1 });
    expect(violation?.property).toContain(breaks);
    expect(violation?.scenario.steps).toHaveLength(steps);
    if (violation !== undefined && steps > 0)
      expect(replay(violation.scenario)?.property).toBe(violation.property);
  });

/** Found by playing on after a crash alone: nothing is compared with the store. */
const AFTERWARDS: readonly Fault[] = [
  {
    what: 'a recovered job that has no deadlines any more',
    prototype: Deadlines.prototype,
    method: 'restore',
    fault: () => undefined,
    cast: cast('null', ['crashing', 'joining']),
    breaks: 'every timer that runs has somebody whom it concerns',
    steps: 2,
  },
  {
    what: 'a recovered job that has lost its queue',
    prototype: TaskRecords.prototype,
    method: 'ofQueue',
    fault: () => [],
    cast: cast('null', ['crashing']),
    breaks: 'every accepted task is in exactly one place',
    steps: 2,
  },
  {
    what: 'a recovered job that takes the session of a sentinel for a connection',
    prototype: Crew.prototype,
    method: 'adoptSentinel',
    fault: (right, _self, [sentinel]) => {
      const { client } = Object(sentinel);
      right();
      Reflect.set(Object(client), 'isSession', false);
    },
    cast: cast('null', ['crashing', 'sessions', 'returning']),
    breaks: 'a client that has been a sentinel is no new one',
    steps: 2,
  },
];

for (const { what, prototype, method, fault, cast: of, breaks, steps } of AFTERWARDS)
  test(`the exploration goes on after a crash, and finds ${what}`, () => {
    replaced = replacedMethod(prototype, method, fault);
    const { violation } = explore(of, { loadOneIn: Infinity, crashOneIn: Infinity });
    expect(violation?.property).toContain(breaks);
    expect(violation?.scenario.steps).toHaveLength(steps);
    expect(violation?.scenario.steps.at(-1)).toContain('crashes');
  });

test('a crash leads to no state that disconnections do not lead to, if nobody has a session', () => {
  const extras: readonly Extra[] = byForm([], ['supervised', 'joining'], ['supervised', 'joining']);
  const of = cast('null', extras, {
    tasks: 0,
    broadcasts: byForm(0, 1, 1),
    replacements: byForm(0, 1, 1),
  });
  const options = { loadOneIn: Infinity, crashOneIn: Infinity };
  const [without, crashing] = [of, { ...of, extras: [...extras, 'crashing' as const] }].map((each) =>
    explore(each, options),
  );
  expect(crashing).toMatchObject({ isClosed: true, violation: undefined });
  expect(crashing?.states).toBe(without?.states);
  expect(crashing?.transitions).toBeGreaterThan(without?.transitions ?? Infinity);
});
