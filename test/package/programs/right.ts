import {
  createServer,
  NetWorkSpace,
  processes,
  Sleigh,
  SleighError,
  ssh,
  TaskError,
  tasks,
  threads,
  type Outcome,
  type Results,
  type SleighOptions,
} from 'sleigh';
import * as client from 'sleigh/client';

const { square, scaled, later, nothing } = tasks<typeof import('./tasks.js')>('tasks.js');

export async function batches(sleigh: Sleigh): Promise<void> {
  const squares: number[] = await sleigh.eachElem(square, [1, 2]);
  const names: string[] = await sleigh.eachElem(later, new Set(['a']));
  const products: number[] = await sleigh.eachElem(scaled, [1], { fixedArgs: { factor: 2 } });
  const voids: void[] = await sleigh.eachElem(nothing, [1, 'a']);
  const collected: (number | TaskError)[] = await sleigh.eachElem(square, [1], { errors: 'collect' });
  const ranks: number[] = await sleigh.eachWorker(square, 1);
  for await (const each of sleigh.eachElem(square, [1])) squares.push(each);
  console.log(squares, names, products, voids, collected, ranks);
}

export async function promises(sleigh: Sleigh): Promise<void> {
  const results: Results<number> = sleigh.eachElem(square, [1]);
  const promise: Promise<number[]> = results;
  const caught: number[] | string = await sleigh
    .eachElem(square, [1])
    .catch((error: unknown) => String(error));
  const ended: number[] = await sleigh.eachElem(square, [1]).finally(() => undefined);
  const [a, b]: [number[], string[]] = await Promise.all([promise, sleigh.eachElem(later, ['a'])]);
  const settled: PromiseSettledResult<number[]>[] = await Promise.allSettled([sleigh.eachElem(square, [1])]);
  const first: number[] = await Promise.race([sleigh.eachElem(square, [1])]);
  const takes = (given: Promise<number[]>): Promise<number[]> => given;
  console.log(caught, ended, a, b, settled, first, await takes(sleigh.eachElem(square, [1])));
}

export async function outcomes(sleigh: Sleigh): Promise<void> {
  for await (const { index, worker, value, error } of sleigh.eachElem(square, [1]).outcomes()) {
    if (error === undefined) console.log(index, worker.toFixed(), value.toFixed());
    else console.log(error.code, error.reason, error.cause, error.worker);
  }
  for await (const outcome of sleigh.eachElem(square, [1]).outcomes()) {
    if (outcome.error) throw outcome.error;
    const sum: number = outcome.value + outcome.worker;
    console.log(sum);
  }
  const kept: Outcome<number>[] = [];
  for await (const outcome of sleigh.eachElem(square, [1]).outcomes()) kept.push(outcome);
}

export const everyOption: SleighOptions = {
  workers: 1,
  hosts: undefined,
  launch: undefined,
  preload: undefined,
  server: undefined,
  join: undefined,
  reconnectGrace: undefined,
  onDeadWorker: undefined,
  maxAttempts: undefined,
  label: undefined,
  onDeath: undefined,
  onOutput: undefined,
  signal: undefined,
};

export async function undefinedOptions(sleigh: Sleigh): Promise<void> {
  await sleigh.eachElem(square, [1], {
    signal: undefined,
    timeout: undefined,
    errors: undefined,
    loadFactor: undefined,
    chunkSize: undefined,
    ordered: undefined,
    onProgress: undefined,
    fixedArgs: undefined,
  });
  await sleigh.eachWorker(square, 1, { reach: undefined, onLate: undefined, signal: undefined });
  await sleigh.launch({ workers: 1, hosts: undefined, launch: undefined, preload: new URL('file:///a.mjs') });
  await sleigh.join(1, { signal: undefined, timeout: undefined });
  await Sleigh.start({
    workers: 1,
    server: { host: undefined, port: undefined, tls: undefined, token: undefined },
  });
  const ws = await NetWorkSpace.open('a', { host: undefined, persistent: undefined, label: undefined });
  const orders = ws.variable<{ cakes: number }>('orders', 'fifo');
  await orders.store({ cakes: 1 }, { metadata: undefined });
  const { cakes } = await orders.fetch({ signal: undefined, timeout: undefined, metadata: undefined });
  const found = await orders.findTry({ as: 'found' });
  console.log(cakes, found?.metadata.get('a'), found?.value.cakes);
  const server = await createServer({
    host: undefined,
    port: 0,
    logLevel: undefined,
    tls: undefined,
    limits: undefined,
  });
  await server.close();
}

export const launchers = [processes(), threads(), ssh({ options: undefined, remoteCommand: undefined })];
export const same: typeof Sleigh = client.Sleigh;

export async function disposed(): Promise<void> {
  await using sleigh = await Sleigh.start({ workers: 1 });
  try {
    await sleigh.eachElem(square, [1]);
  } catch (error) {
    if (error instanceof TaskError && error.code === 'threw') throw error.cause;
    if (error instanceof SleighError) console.log(error.unfinished);
  }
}
