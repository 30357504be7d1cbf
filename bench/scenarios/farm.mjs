import { atMost, figure } from '../bed.mjs';

const MESSAGES = 4;

export const farm = {
  name: 'farm',
  about:
    'tasks through a sleigh, 64 bytes, four messages each; four times as many at once as there are workers',
  async run(bed) {
    const crews = [];
    for (const workers of [10, 100]) {
      const load = bed.load(await bed.sleigh());
      await load.does('sleigh', workers);
      await load.does('join', workers);
      crews.push({ workers, load });
    }
    return bed.rounds(async () => {
      const figures = [];
      for (const { workers, load } of crews) {
        const echo = await bed.echoMessage();
        const { each, own, cpu } = await load.does('tasks', bed.size(20_000, 500), 4 * workers, 64);
        figures.push(
          figure(`a task, ${workers} workers`, 'µs', each),
          figure(
            `a task, ${workers} workers, beside four echo messages`,
            '×',
            each / (MESSAGES * echo),
            atMost(1.5),
          ),
          figure(`the load generator, ${workers} workers, beside the server`, '×', own / cpu),
        );
      }
      return figures;
    });
  },
};
