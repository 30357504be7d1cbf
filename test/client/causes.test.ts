import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import type { Clock } from '../../src/client/clock.ts';
import { NwsConnection } from '../../src/client/connection/connection.ts';
import { thisHost, type Platform } from '../../src/client/platform.ts';
import { enter } from '../../src/client/sentinel/place.ts';
import { loadModule } from '../../src/client/task/module-function.ts';
import { unreadable } from '../../src/client/values/chunk.ts';
import { encodeGraph } from '../../src/client/values/graph-writer.ts';
import { UnresolvedValue } from '../../src/client/values/lending.ts';
import { WorkerSession } from '../../src/client/worker/worker-session.ts';
import { freePort } from '../support/free-port.ts';

// An error that another error has caused has it as its `cause`: programs look there for the code of the system.

const folder = mkdtempSync(join(tmpdir(), 'sleigh-causes-'));
afterAll(() => rmSync(folder, { recursive: true }));

const module = (name: string, text: string): string => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};
const why = new RangeError('why');
const fail = (): never => {
  throw why;
};
const open = async (): Promise<NwsConnection> =>
  NwsConnection.open({ host: '127.0.0.1', port: await freePort() });
/** Each look at this clock is ten seconds later. */
let time = 0;
const clock: Clock = {
  now: () => (time += 10_000),
  date: () => new Date(0),
  startTimer: (_milliseconds, onElapsed) => {
    setImmediate(onElapsed);
    return { stop: () => undefined };
  },
};
const platform: Platform = { ...thisHost, clock };
const WORKER = { open, workspace: 'w', rank: 0, description: new Map(), reconnectGrace: 1, platform };

it.each<[string, () => unknown, unknown]>([
  ['a connection that cannot be made', open, { code: 'ECONNREFUSED' }],
  ['a worker that could not come back', () => WorkerSession.make(WORKER), { code: 'unreachable' }],
  [
    'a module that is not there',
    () => loadModule(join(folder, 'none.mjs')),
    { code: 'ERR_MODULE_NOT_FOUND' },
  ],
  [
    'a module that throws',
    () => loadModule(module('throws.mjs', 'throw new RangeError("why")')),
    { message: 'why' },
  ],
  [
    'a value whose property throws',
    () => encodeGraph(Object.defineProperty({}, 'x', { get: fail, enumerable: true }), 'value'),
    why,
  ],
  ['a value that cannot be decoded', () => Promise.reject(unreadable(3, why)), why],
  ['memory that cannot be put in', () => new UnresolvedValue([], fail).build(new Map()), why],
  ['a folder that is not there', () => enter({ cwd: join(folder, 'none') }), { code: 'ENOENT' }],
])('%s', async (_what, act, cause) => {
  const error: unknown = await Promise.resolve()
    .then(act)
    .catch((caught: unknown) => caught);
  expect(error).toMatchObject({ cause });
});
