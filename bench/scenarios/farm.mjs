import { atMost, figure } from '../bed.mjs';

const MESSAGES = 4;

export const farm = {
  name: 'farm',
  about:
    'tasks through a sleigh, 64 bytes, four messages each; four times as many at once as there are workers',
  async run(bed) {
    const crews = [];
    for (const workers of [10, 100]) {
      const load = await bed.awakeLoad(await bed.sleigh());
      await load.does('sleigh', workers);
      await load.does('join', workers);
      crews.push({ workers, load });
    }
    return bed.rounds(async () => {
      const figures = [];
      for (const { workers, load } of crews) {
        const echo = await bed.echoMessage();
        const tasks = () => load.does('tasks', bed.size(20_000, 500), 4 * workers, 64);
        const { each, waits } = await tasks();
        await load.does('awake', 0);
        const waking = await tasks();
        await load.does('awake', 1);
        figures.push(
          figure(`a task, ${workers} workers`, 'µs', each),
          figure(
            `a task, ${workers} workers, beside four echo messages`,
            '×',
            each / (MESSAGES * echo),
            atMost(1.5),
          ),
          figure(
            `a task, ${workers} workers, to a generator that sleeps`,
            '×',
            waking.each / (MESSAGES * echo),
          ),
          figure(`the load generator waits, ${workers} workers`, '%', 100 * waits),
        );
      }
      return figures;
    });
  },
};
