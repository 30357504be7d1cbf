// Makes one change to the source at a time and runs the tests that can notice it. Results are in build/mutants.
//   npm run mutants -- [LAYER…] [--sample N] [--seed S] [--resume] [--survivors] [--reach]
// The layer `records` is each place in which the state that survives the server is recorded.
import { parseArgs } from 'node:util';
import { runnerImport } from 'vite';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    sample: { type: 'string', default: '30' },
    seed: { type: 'string', default: '1' },
    resume: { type: 'boolean', default: false },
    survivors: { type: 'boolean', default: false },
    reach: { type: 'boolean', default: false },
  },
});
const folder = './model-tests/mutation/layers';
const { module: sample } = await runnerImport(`${folder}/sample.ts`);
const unknown = positionals.find((name) => !sample.isSubject(name));
const size = Number(values.sample);
const seed = Number(values.seed);
if (unknown !== undefined || !(size > 0) || !Number.isInteger(seed)) {
  console.error(
    unknown !== undefined
      ? `There is no layer ${unknown}. Layers: ${sample.SUBJECTS.join(', ')}.`
      : `--sample must be a number over 0 and --seed a whole number, got ${values.sample} and ${values.seed}.`,
  );
  process.exit(1);
}
const layers = positionals.length > 0 ? positionals : sample.LAYERS;
const { module } = await runnerImport(`${folder}/run.ts`);
await module.run({ ...values, layers, sample: size, seed });
