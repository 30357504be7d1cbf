import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { unsafeCast } from '../../src/client/unsafe-cast.ts';
import { NetWorkSpace, Sleigh, SleighPool, tasks } from '../../src/client/index.ts';
import { createServer, type Server } from '../../src/index.ts';
import { ScriptedServer } from '../support/scripted-server.ts';

const { square } = tasks<typeof import('./modules/tasks.mjs')>(new URL('modules/tasks.mjs', import.meta.url));

let server: Server;
let address: { host: string; port: number };
let sleigh: Sleigh;
beforeAll(async () => {
  server = await createServer({ port: 0, logLevel: 'error' });
  address = { host: server.host, port: server.port };
  sleigh = await Sleigh.start({ server: address, workers: 0, join: 'elastic' });
});
afterAll(async () => {
  await sleigh.stop();
  await server.close();
});

/** Arguments that programs in JavaScript may pass, whatever the types say. */
const any = (value: unknown): never => unsafeCast(value);

it.each<[unknown, string]>([
  [undefined, '`workers` must be a whole number of at least 1, got undefined.'],
  [{}, '`workers` must be a whole number of at least 1, got undefined.'],
  [{ join: 'elastic' }, '`workers` must be a whole number of at least 0, got undefined.'],
  [{ workers: 1, idleTimeout: -1 }, '`idleTimeout` must be a number of milliseconds of at least 0'],
])('SleighPool rejects %j', (options, message) => {
  expect(() => new SleighPool(any(options))).toThrow(message);
});

describe('Sleigh.start rejects invalid options', () => {
  it.each<[unknown, string]>([
    [undefined, '`workers` must be a whole number of at least 1, got undefined.'],
    [4, 'The options of Sleigh.start must be an object, got 4.'],
    [{}, '`workers` must be a whole number of at least 1, got undefined.'],
    [{ workers: 0 }, '`workers` must be a whole number of at least 1, got 0.'],
    [{ workers: 1, concurrency: 0 }, '`concurrency` must be a whole number of at least 1, got 0.'],
    [{ workers: -2 }, '`workers` must be a whole number of at least 1, got -2.'],
    [{ workers: 1.5 }, '`workers` must be a whole number of at least 1, got 1.5.'],
    [{ workers: '2' }, '`workers` must be a whole number of at least 1, got "2".'],
    [{ workers: Number.NaN }, '`workers` must be a whole number of at least 1, got NaN.'],
    [{ workers: -1, join: 'elastic' }, '`workers` must be a whole number of at least 0, got -1.'],
    [{ worker: 2 }, 'Sleigh.start has no option `worker`. Do you mean `workers`?'],
    [{ workers: 1, onDeadworker: 'null' }, 'Do you mean `onDeadWorker`?'],
    [{ workers: 1, colour: 'red' }, 'Sleigh.start has no option `colour`. It has workers, hosts,'],
    [
      { workers: 1, server: 'host:8765' },
      '`server` must be an object such as { host: "127.0.0.1", port: 8765 }, got "host:8765".',
    ],
    [{ workers: 1, server: { hots: 'ada' } }, '`server` has no option `hots`. Do you mean `host`?'],
    [{ workers: 1, server: { port: '8765' } }, '`port` must be a port number from 1 to 65535, got "8765".'],
    [{ workers: 1, hosts: 'ada' }, '`hosts` must be an array of names of hosts, got "ada".'],
    [{ workers: 1, launch: 'ssh' }, '`launch` must be a launcher'],
    [{ workers: 1, join: 'open' }, '`join` must be "closing" or "elastic", got "open".'],
    [{ workers: 1, reconnectGrace: -1 }, '`reconnectGrace` must be a number of seconds of at least 0'],
    [
      { workers: 1, onDeadWorker: 'retry' },
      '`onDeadWorker` must be "requeue" or "null" or "shutdown", got "retry".',
    ],
    [{ workers: 1, maxAttempts: 0 }, '`maxAttempts` must be a whole number of at least 1, got 0.'],
    [{ workers: 1, onDeath: 'log' }, '`onDeath` must be a function, got "log".'],
    [{ workers: 1, signal: new AbortController() }, '`signal` must be an AbortSignal, got AbortController'],
    [{ workers: 1, preload: 7 }, '`preload` must be '],
    [{ workers: 1, respawn: 2 }, '`respawn` must be true, false or { restarts, within, maxDelay }, got 2.'],
    [{ workers: 1, respawn: { restarts: -1 } }, '`restarts` must be a whole number of at least 0, got -1.'],
    [{ workers: 1, respawn: { within: 'long' } }, '`within` must be a number of milliseconds'],
    [{ workers: 1, respawn: { maxDelay: -1 } }, '`maxDelay` must be'],
    [{ workers: 1, respawn: { restart: 1 } }, '`respawn` has no option `restart`. Do you mean `restarts`?'],
    // Two changes are near enough; three are not, nor are names that differ almost everywhere.
    [{ workers: 1, prelaods: '' }, 'Sleigh.start has no option `prelaods`. It has'],
    [{ workers: 1, preloda: '' }, 'Do you mean `preload`?'],
    [{ workers: 1, PRELOAD: '' }, 'Do you mean `preload`?'],
    [{ workers: 1, jo: '' }, 'It has workers'],
    [{ workers: 1, jxx: '' }, 'It has workers'],
    [{ workers: 1, toString: 1 }, 'Sleigh.start has no option `toString`'],
    [[], 'The options of Sleigh.start must be an object'],
    [null, 'The options of Sleigh.start must be an object, got null.'],
  ])('%j', async (options, message) => {
    await expect(Sleigh.start(any(options))).rejects.toThrow(message);
  });
});

describe('eachElem rejects invalid arguments', () => {
  it.each<[unknown, string]>([
    [(n: number): number => n * n, '`task` must be a task, as `tasks(module)` gives it'],
    [undefined, '`task` must be a task'],
    ['square', '`task` must be a task'],
    [{ module: 'x.mjs' }, '`task` must be a task'],
  ])('with the task %o', async (task, message) => {
    await expect(sleigh.eachElem(any(task), [1])).rejects.toThrow(message);
    await expect(sleigh.eachWorker(any(task), 1)).rejects.toThrow(message);
  });

  it.each([['abc'], [5], [null], [undefined], [{ length: 1 }]])('with the elements %j', async (elements) => {
    const message = '`elements` must be an iterable of elements';
    await expect(sleigh.eachElem(square, any(elements))).rejects.toThrow(message);
  });

  it.each<[unknown, string]>([
    [{ chunksize: 5 }, 'eachElem has no option `chunksize`. Do you mean `chunkSize`?'],
    [{ chunkSize: 0 }, '`chunkSize` must be a whole number of at least 1, or "auto", got 0.'],
    [{ chunkSize: 'all' }, '`chunkSize` must be a whole number of at least 1, or "auto", got "all".'],
    [{ loadFactor: Infinity }, '`loadFactor` must be a number over 0, got Infinity.'],
    [{ ordered: 'no' }, '`ordered` must be true or false, got "no".'],
    [{ errors: 'ignore' }, '`errors` must be "throw" or "collect", got "ignore".'],
    [{ onAbort: 'wait' }, '`onAbort` must be "ask" or "kill", got "wait".'],
    [{ timeout: '1s' }, '`timeout` must be a number of milliseconds, got "1s".'],
    [{ loadFactor: 0 }, '`loadFactor` must be a number over 0, got 0.'],
    [{ ratePerSecond: 0 }, '`ratePerSecond` must be a number over 0, got 0.'],
    [{ retry: 3 }, '`retry` must be an object such as { attempts: 3 }, got 3.'],
    [{ retry: {} }, '`attempts` must be a whole number of at least 1, got undefined.'],
    [{ retry: { attempts: 0 } }, '`attempts` must be a whole number of at least 1, got 0.'],
    [{ retry: { attempts: 2, backoff: 'long' } }, '`backoff` must be a number of milliseconds'],
    [{ retry: { attempts: 2, when: true } }, '`when` must be a function, got true.'],
    [{ signal: {} }, '`signal` must be an AbortSignal'],
    [{ onProgress: 1 }, '`onProgress` must be a function, got 1.'],
    ['fast', 'The options of eachElem must be an object, got "fast".'],
  ])('with the options %j', async (options, message) => {
    await expect(sleigh.eachElem(square, [1], any(options))).rejects.toThrow(message);
  });

  it('and hands out no element', async () => {
    expect(await sleigh.status()).toMatchObject({ pending: 0, running: 0 });
  });
});

describe('other methods reject invalid arguments', () => {
  it.each<[string, () => Promise<unknown>, string]>([
    [
      'eachWorker',
      () => sleigh.eachWorker(square, 1, any({ reach: 'some' })),
      '`reach` must be "present" or "all"',
    ],
    [
      'launch',
      () => sleigh.launch(any({ workers: 0 })),
      '`workers` must be a whole number of at least 1, got 0.',
    ],
    ['join', () => sleigh.join(any('10')), '`delay` must be a number of seconds, got "10".'],
    ['join', () => sleigh.join(1, any({ timout: 5 })), 'join has no option `timout`. Do you mean `timeout`?'],
    [
      'open',
      () => NetWorkSpace.open('x', any('localhost:8765')),
      'The options of NetWorkSpace.open must be an object',
    ],
    ['open', () => NetWorkSpace.open('x', any({ prot: 1 })), 'Do you mean `port`?'],
    ['use', () => NetWorkSpace.use(any(undefined), address), '`name` must be a string, got undefined.'],
    [
      'use',
      () => NetWorkSpace.use('x', any({ ...address, tls: 'yes' })),
      'The options of `tls` must be an object, got "yes".',
    ],
    [
      'find',
      () => sleigh.workspace.find('x', any({ timeot: 5 })),
      'find has no option `timeot`. Do you mean `timeout`?',
    ],
    [
      'fetchTry',
      () => sleigh.workspace.fetchTry('x', any({ as: 'text' })),
      '`as` must be "value" or "found" or "stream"',
    ],
    [
      'store',
      () => sleigh.workspace.store('x', 1, any({ metadata: { a: 1 } })),
      '`metadata` must be a Map, or an object, of strings',
    ],
    [
      'store without wait',
      () => sleigh.workspace.store('x', 1, { timeout: 5 }),
      '`timeout` of store ends a wait, and needs `wait: true`.',
    ],
    [
      'declare',
      () => sleigh.workspace.declare('x', 'fifo', { capacity: 0 }),
      '`capacity` must be a whole number of at least 1, got 0.',
    ],
    [
      'declare another mode',
      () => sleigh.workspace.declare('x', 'lifo', { capacity: 2 }),
      '`capacity` needs the mode "fifo", got lifo.',
    ],
  ])('%s', async (_, call, message) => {
    await expect(call()).rejects.toThrow(message);
  });
});

it('a signal that is aborted already starts nothing', async () => {
  const scripted = new ScriptedServer();
  scripted.isDown = true;
  const why = new Error('enough');
  const starting = Sleigh.startOn(scripted.platform(), {
    server: {},
    workers: 1,
    signal: AbortSignal.abort(why),
  });
  await expect(starting).rejects.toBe(why);
  expect(scripted.wanted).toEqual([]);
});
