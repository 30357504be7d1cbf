import { atMost, figure } from '../bed.mjs';
import { beside, inTurns } from '../measure.mjs';

const WORKERS = 10;

export const verification = {
  name: 'verification',
  about: 'tasks through a sleigh whose actors are verified (`serve --verify`), beside the same without',
  async run(bed) {
    const loads = {};
    for (const [name, flags] of Object.entries({ plain: [], verified: ['--verify'] })) {
      loads[name] = bed.load(await bed.sleigh(...flags));
      await loads[name].does('sleigh', WORKERS);
      await loads[name].does('join', WORKERS);
    }
    return bed.rounds(async () => {
      const tasks = (load) => () => load.does('tasks', bed.size(5_000, 500), 4 * WORKERS, 64);
      const { plain, verified } = await inTurns({
        plain: tasks(loads.plain),
        verified: tasks(loads.verified),
      });
      return [
        figure(
          `a task, ${WORKERS} workers, verified, beside the same without`,
          '×',
          beside(verified, plain),
          atMost(1.3),
        ),
      ];
    });
  },
};
