import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { atLeast, atMost, figure } from '../bed.mjs';
import { inTurns, median } from '../measure.mjs';

const CONNECTIONS = 400;
const PAGE = Buffer.alloc(4_096);

/** The servers that are compared, by the flags that `serve` has besides the folder. */
const KINDS = { memory: undefined, always: ['--sync', 'always'], everysec: ['--sync', 'everysec'] };

const p50 = (answers) => median(answers.map((answer) => answer.p50));
const perSecond = ({ count, seconds }) => count / seconds;

/** The median time of a write to the disk of this folder that is there when it returns, in microseconds. */
function diskWrite(folder, count) {
  const file = openSync(join(folder, 'probe'), 'w');
  const times = [];
  for (let i = 0; i < count; i++) {
    const began = performance.now();
    writeSync(file, PAGE);
    fdatasyncSync(file);
    times.push((performance.now() - began) * 1000);
  }
  closeSync(file);
  return median(times);
}

export const durable = {
  name: 'durable',
  about: `with \`--data\`, beside the same in memory: ${CONNECTIONS} connections, one connection, one task at a time`,
  async run(bed) {
    const folder = mkdtempSync(join(tmpdir(), 'sleigh-durable-'));
    try {
      const loads = {};
      for (const [name, flags] of Object.entries(KINDS)) {
        const data = (part) => (flags === undefined ? [] : [...flags, '--data', join(folder, name + part)]);
        const [many, one, job] = await Promise.all(
          ['many', 'one', 'job'].map((part) => bed.sleigh(...data(part))),
        );
        loads[name] = { many: bed.load(many), one: bed.load(one), job: bed.load(job) };
        await loads[name].many.does('users', CONNECTIONS);
        await loads[name].one.does('users', 1);
        await loads[name].job.does('sleigh', 1);
        await loads[name].job.does('join', 1);
      }
      const measure = (each) =>
        inTurns(Object.fromEntries(Object.entries(loads).map(([name, load]) => [name, () => each(load)])));
      return await bed.rounds(async () => {
        const rate = await measure(({ many }) => many.does('pairs', bed.size(1, 0.1), 64));
        const lone = await measure(({ one }) => one.does('pairs', bed.size(0.5, 0.1), 64));
        const task = await measure(({ job }) => job.does('single', bed.size(500, 20), 64));
        const write = diskWrite(folder, bed.size(200, 5));
        const share = (name) =>
          median(rate[name].map((answer, turn) => perSecond(answer) / perSecond(rate.memory[turn])));
        const ofKind = (name) => [
          figure(`${name}: messages a second`, '/s', median(rate[name].map(perSecond))),
          figure(`${name}: a store and a fetch, p50`, 'µs', p50(lone[name])),
          figure(`${name}: a task, p50`, 'µs', p50(task[name])),
        ];
        const commit = p50(lone.always) - p50(lone.memory);
        return [
          figure('a write that is on the disk', 'µs', write),
          ...Object.keys(KINDS).flatMap(ofKind),
          figure('always: messages a second, beside memory', '×', share('always'), atLeast(0.7)),
          figure('everysec: messages a second, beside memory', '×', share('everysec'), atLeast(0.7)),
          figure(
            'always: what a task costs more than in memory, in commits',
            '×',
            (p50(task.always) - p50(task.memory)) / commit,
            atMost(4),
          ),
        ];
      });
    } finally {
      await bed.close();
      rmSync(folder, { recursive: true, force: true });
    }
  },
};
