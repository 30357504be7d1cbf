import { atMost, figure } from '../bed.mjs';

const WORKERS = 10;
const MIB = 2 ** 20;

export const manyTasks = {
  name: 'many-tasks',
  about: '1,000,000 tasks of 64 bytes in the queue, beside 1,000',
  async run(bed) {
    const few = 1_000;
    const many = bed.size(1_000_000, 5_000);
    const count = bed.size(20_000, 500);
    const asked = bed.size(5_000, 100);
    return bed.rounds(
      async () => {
        const server = await bed.sleigh();
        const load = await bed.awakeLoad(server);
        await load.does('sleigh', WORKERS);
        await load.does('join', WORKERS);
        await load.does('tasks', count, 4 * WORKERS, 64);
        await load.does('queue', few, 64);
        await load.does('status', asked);
        const atFew = await load.does('tasks', count, 4 * WORKERS, 64);
        const statusAtFew = await load.does('status', asked);
        const queued = await load.does('queue', many - few, 64);
        const memory = server.memory.resident;
        const atMany = await load.does('tasks', count, 4 * WORKERS, 64);
        const statusAtMany = await load.does('status', asked);
        await bed.end(load, server);
        return [
          figure('memory of the server', 'MiB', memory / MIB, atMost(500)),
          figure('submitting, each', 'µs', queued.each),
          figure('a task', 'µs', atMany.each),
          figure('a task, beside one at 1,000', '×', atMany.each / atFew.each, atMost(1.3)),
          figure('jobStatus', 'µs', statusAtMany.each),
          figure('jobStatus, beside one at 1,000', '×', statusAtMany.each / statusAtFew.each, atMost(1.3)),
        ];
      },
      { warmUp: false },
    );
  },
};
