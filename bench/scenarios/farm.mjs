import { atMost, figure } from '../bed.mjs';
import { beside, eachOf, inTurns, median } from '../measure.mjs';

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
        const tasks = () => load.does('tasks', bed.size(20_000, 500), 4 * workers, 64);
        const taken = await inTurns({
          fourMessages: async () => ({ each: MESSAGES * (await bed.echoMessage()) }),
          awake: tasks,
          asleep: async () => {
            await load.does('awake', 0);
            const answer = await tasks();
            await load.does('awake', 1);
            return answer;
          },
        });
        figures.push(
          figure(`a task, ${workers} workers`, 'µs', eachOf(taken.awake)),
          figure(
            `a task, ${workers} workers, beside four echo messages`,
            '×',
            beside(taken.awake, taken.fourMessages),
            atMost(1.5),
          ),
          figure(
            `a task, ${workers} workers, to a generator that sleeps`,
            '×',
            beside(taken.asleep, taken.fourMessages),
          ),
          figure(
            `the load generator waits, ${workers} workers`,
            '%',
            100 * median(taken.awake.map(({ waits }) => waits)),
          ),
        );
      }
      return figures;
    });
  },
};
