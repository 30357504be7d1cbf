// Makes one change to the source at a time and runs the tests that can notice it. Results are in build/mutants.
//   npm run mutants -- [LAYER…] [--sample N] [--seed S] [--resume] [--survivors] [--reach]
//   npm run mutants -- LAYER… --all [--resume]   all of them, without what only other processes notice
//     [--tests TEXT…]   only files of tests whose path contains one of these texts, in addition to what was found out before
//     [--file TEXT…]   only files whose path contains one of these texts, such as --file client/values/
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
    all: { type: 'boolean', default: false },
    file: { type: 'string', multiple: true, default: [] },
    tests: { type: 'string', multiple: true, default: [] },
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
const useless = values.file.find((text) =>
  layers.every((layer) => sample.mutantsOf(layer, [text]).length === 0),
);
if (useless !== undefined) {
  console.error(`--file ${useless}: no file of ${layers.join(', ')} has this text in its path.`);
  process.exit(1);
}
if (values.all) {
  const { module } = await runnerImport(`${folder}/all.ts`);
  for (const layer of layers) await module.tryAll(layer, values);
  process.exit();
}
const { module } = await runnerImport(`${folder}/run.ts`);
await module.run({ ...values, layers, sample: size, seed, files: values.file });
