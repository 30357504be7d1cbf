// Runs tests in a copy of the sources whenever it is asked to, and stays up in between: what has not changed is not
// transformed again. Its messages: { changed: paths, files: paths } → 'next' after each file, and { failed: name or null }.
import { createVitest } from 'vitest/node';

const [, , root, bail] = process.argv;

/** The order in which the files are given. */
class Given {
  sort(files) {
    return files;
  }
  shard(files) {
    return files;
  }
}

const vitest = await createVitest('test', {
  root,
  config: `${root}/vitest.config.mjs`,
  watch: false,
  bail: Number(bail),
  reporters: [{ onTestModuleEnd: () => process.send('next') }],
  sequence: { sequencer: Given },
});
await vitest.standalone();
const known = new Map();

async function run({ changed, files }) {
  for (const path of changed) vitest.invalidateFile(path);
  if (known.size === 0) for (const one of await vitest.globTestSpecifications()) known.set(one.moduleId, one);
  // Otherwise an earlier failure would end this run.
  vitest.state.filesMap.clear();
  vitest.state.idMap.clear();
  const wanted = files.flatMap((file) => known.get(file) ?? []);
  const { testModules, unhandledErrors } = await vitest.runTestSpecifications(wanted);
  const failures = [];
  for (const module of testModules) {
    const name = module.relativeModuleId;
    for (const test of module.children.allTests('failed'))
      failures.push({ test: `${name}: ${test.fullName}`, error: test.result().errors?.[0]?.message });
    for (const { message } of module.errors()) failures.push({ test: name, error: message });
  }
  const [failure] = [
    ...failures,
    ...unhandledErrors.map((error) => ({ test: 'no test', error: String(error) })),
  ];
  return { failed: failure ?? null };
}

let turn = Promise.resolve();
process.on('message', (order) => {
  turn = turn.then(async () => process.send(await run(order)));
});
process.on('disconnect', () => process.exit());
process.send('ready');
