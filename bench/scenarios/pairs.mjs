import { atMost, figure } from '../bed.mjs';

export const pairs = {
  name: 'pairs',
  about: 'store and fetch in turn, 50 connections, 64 bytes',
  async run(bed) {
    const load = await bed.awakeLoad(await bed.sleigh());
    await load.does('users', 50);
    return bed.rounds(async () => {
      const echo = await bed.echoMessage();
      const { each, waits } = await load.does('pairs', bed.size(2, 0.1), 64);
      return [
        figure('a message', 'µs', each),
        figure('a message of a bare echo', 'µs', echo),
        figure('a message, beside a bare echo', '×', each / echo, atMost(1.5)),
        figure('the load generator waits', '%', 100 * waits),
      ];
    });
  },
};
