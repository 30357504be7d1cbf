import { figure } from '../bed.mjs';

export const latency = {
  name: 'latency',
  about: 'one task at a time, from submit to result, beside four echo round trips',
  async run(bed) {
    const echo = await bed.echo(1);
    const load = bed.load(await bed.sleigh());
    await load.does('sleigh', 1);
    await load.does('join', 1);
    const count = bed.size(3_000, 100);
    return bed.rounds(async () => {
      const bare = await bed.fourTrips(echo, count);
      const task = await load.does('single', count, 64);
      return [
        figure('a task, p50', 'µs', task.p50),
        figure('a task, p99', 'µs', task.p99),
        figure('four round trips, p50', 'µs', bare.p50),
        figure('four round trips, p99', 'µs', bare.p99),
        figure('a task beside four round trips, p50', '×', task.p50 / bare.p50),
        figure('a task beside four round trips, p99', '×', task.p99 / bare.p99),
      ];
    });
  },
};
