import { figure } from '../bed.mjs';

const WAKINGS = 10;

export const fanout = {
  name: 'fanout',
  about: 'one store wakes 1,000 finders',
  async run(bed) {
    const load = bed.load(await bed.sleigh());
    await load.does('users', bed.size(1_001, 51));
    return bed.rounds(async () => {
      const echo = await bed.echoMessage();
      let cpu = 0;
      let woken = 0;
      let last = 0;
      for (let i = 0; i < WAKINGS; i++) {
        await load.does('finders');
        const waking = await load.does('wake');
        cpu += waking.cpu;
        woken += waking.count;
        last += waking.seconds * 1000;
      }
      return [
        figure('a finder woken', 'µs', cpu / woken),
        figure('a finder woken, beside a bare echo', '×', cpu / woken / echo),
        figure('from the store to the last of them', 'ms', last / WAKINGS),
      ];
    });
  },
};
