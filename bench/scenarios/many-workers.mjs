import { setTimeout as sleep } from 'node:timers/promises';
import { atMost, figure } from '../bed.mjs';
import { beside, eachOf, inTurns, median } from '../measure.mjs';

/** Workers that join between two measurements. */
const PARTS = 10;
const FEW = 100;
const KIB = 1024;

/** A new sleigh with this many workers, each waiting for a task. */
async function crewOf(bed, workers, parts) {
  const server = await bed.sleigh();
  const load = await bed.awakeLoad(server);
  await load.does('sleigh', workers);
  const before = server.memory.own;
  const joins = [];
  for (let i = 0; i < parts; i++) joins.push(await load.does('join', workers / parts));
  await sleep(bed.size(1_000, 10));
  return { server, load, joins, memory: (server.memory.own - before) / workers };
}

/** The cost of a message on a bare echo server when this many connections alternate, in microseconds. */
async function echoOf(bed, connections) {
  const load = await bed.echo(connections);
  await load.does('awake', 1);
  const seconds = bed.size(1, 0.05);
  await bed.echoes(load, seconds);
  const { each } = await bed.echoes(load, seconds);
  await bed.end(load, load.server);
  return each;
}

export const manyWorkers = {
  name: 'many-workers',
  about: '10,000 workers in one sleigh, beside 100',
  async run(bed) {
    const many = bed.size(10_000, 200);
    const count = bed.size(20_000, 500);
    return bed.rounds(
      async () => {
        const few = await crewOf(bed, FEW, 1);
        const crew = await crewOf(bed, many, PARTS);
        const costs = crew.joins.map(({ each }) => each);
        // Its code is compiled by then, too.
        for (const { load } of [few, crew]) await load.does('tasks', count, 4 * FEW, 64);
        const tasks = await inTurns({
          few: () => few.load.does('tasks', count, 4 * FEW, 64),
          waiting: () => crew.load.does('tasks', count, 4 * FEW, 64),
          atWork: () => crew.load.does('tasks', 3 * many, 4 * many, 64),
        });
        const broadcast = await crew.load.does('broadcast', 1);
        await bed.end(few.load, few.server, crew.load, crew.server);
        // Node and the operating system also slow down with this many connections.
        const machine = (await echoOf(bed, many)) / (await echoOf(bed, FEW));
        const growth = beside(tasks.atWork, tasks.few);
        return [
          figure('memory for each worker that waits', 'KiB', crew.memory / KIB, atMost(20)),
          figure(
            'all join',
            's',
            crew.joins.reduce((all, { seconds }) => all + seconds, 0),
            atMost(10),
          ),
          figure('joining, each', 'µs', median(costs)),
          figure(
            'joining, each of the last beside each of the first',
            '×',
            median(costs.slice(-3)) / median(costs.slice(1, 4)),
            atMost(1.3),
          ),
          figure('a broadcast answered, p50', 'ms', broadcast.p50 / 1000),
          figure('a broadcast answered, p99', 'ms', broadcast.p99 / 1000, atMost(500)),
          figure('a broadcast, processor time for each answer', 'µs', broadcast.each),
          figure('a task', 'µs', eachOf(tasks.waiting)),
          figure('a task, beside one with 100 workers', '×', beside(tasks.waiting, tasks.few), atMost(1.3)),
          figure('a task, all at work, beside one with 100 workers', '×', growth),
          figure('an echo message, 10,000 connections beside 100', '×', machine),
          figure('the growth of a task beside that of an echo message', '×', growth / machine, atMost(1.3)),
        ];
      },
      { warmUp: false },
    );
  },
};
