import { atMost, figure, ROOMY } from '../bed.mjs';
import { beside, eachOf, inTurns } from '../measure.mjs';

const WORKERS = 10;
const MIB = 2 ** 20;

/** A sleigh that has run some tasks, so that its code is compiled, and has this many in its queue. */
async function queueOf(bed, done, length) {
  const server = await bed.sleigh(...ROOMY);
  const load = await bed.awakeLoad(server);
  await load.does('sleigh', WORKERS);
  await load.does('join', WORKERS);
  await load.does('tasks', done, 4 * WORKERS, 64);
  return { server, load, queued: await load.does('queue', length, 64) };
}

export const manyTasks = {
  name: 'many-tasks',
  about: '1,000,000 tasks of 64 bytes in the queue, beside 1,000',
  async run(bed) {
    const count = bed.size(20_000, 500);
    const asked = bed.size(5_000, 100);
    return bed.rounds(
      async () => {
        const few = await queueOf(bed, count, 1_000);
        const many = await queueOf(bed, count, bed.size(1_000_000, 5_000));
        const memory = many.server.memory.resident;
        const tasks = (load) => load.does('tasks', count, 4 * WORKERS, 64);
        const taken = await inTurns({
          few: () => tasks(few.load),
          many: () => tasks(many.load),
          statusAtFew: () => few.load.does('status', asked),
          statusAtMany: () => many.load.does('status', asked),
        });
        await bed.end(few.load, few.server, many.load, many.server);
        return [
          figure('memory of the server', 'MiB', memory / MIB, atMost(500)),
          figure('submitting, each', 'µs', many.queued.each),
          figure('a task', 'µs', eachOf(taken.many)),
          figure('a task, beside one at 1,000', '×', beside(taken.many, taken.few), atMost(1.3)),
          figure('jobStatus', 'µs', eachOf(taken.statusAtMany)),
          figure(
            'jobStatus, beside one at 1,000',
            '×',
            beside(taken.statusAtMany, taken.statusAtFew),
            atMost(1.3),
          ),
        ];
      },
      { warmUp: false },
    );
  },
};
