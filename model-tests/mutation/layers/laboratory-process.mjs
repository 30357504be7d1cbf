// Runs tests in a copy of the sources whenever it is asked to, and stays up in between: what has not changed is not
// transformed again. Its messages: { changed: paths, wanted: [{ path, ids, form }] } → 'next' after each file, and { failed }:
// null, or the test, its file, its id and its message.
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

/** Tests of one form that follow each other: the variable of the environment is the same for all that run at once. */
function groupsOf(wanted) {
  const groups = [];
  for (const one of wanted) {
    if (groups.at(-1)?.[0].form === one.form) groups.at(-1).push(one);
    else groups.push([one]);
  }
  return groups;
}

async function run({ changed, wanted }) {
  for (const path of changed) vitest.invalidateFile(path);
  if (known.size === 0) for (const one of await vitest.globTestSpecifications()) known.set(one.moduleId, one);
  for (const group of groupsOf(wanted)) {
    const failed = await runGroup(group);
    if (failed !== null) return { failed };
  }
  return { failed: null };
}

/** @returns the first failure, or null */
async function runGroup(group) {
  // Otherwise an earlier failure would end this run.
  vitest.state.filesMap.clear();
  vitest.state.idMap.clear();
  process.env.VERIFY = group[0].form;
  const specifications = group.flatMap(({ path, ids }) => {
    const whole = known.get(path);
    if (whole === undefined) return [];
    return ids === undefined ? whole : whole.project.createSpecification(path, { testIds: ids });
  });
  const { testModules, unhandledErrors } = await vitest.runTestSpecifications(specifications);
  const failures = [];
  for (const module of testModules) {
    const file = module.relativeModuleId;
    for (const test of module.children.allTests('failed'))
      failures.push({
        test: `${file}: ${test.fullName}`,
        file,
        id: test.id,
        error: test.result().errors?.[0]?.message,
      });
    // A hook that fails is an error of its suite, and the tests of the suite are skipped.
    for (const one of [module, ...module.children.allSuites()])
      for (const { message } of one.errors()) failures.push({ test: file, file, error: message });
  }
  const [failure] = [
    ...failures,
    ...unhandledErrors.map((error) => ({ test: 'no test', error: String(error) })),
  ];
  return failure ?? null;
}

let turn = Promise.resolve();
process.on('message', (order) => {
  turn = turn.then(async () => process.send(await run(order)));
});
// Whoever asked is gone. The tests may be in an endless loop, so their processes, which are of this group, do not end by themselves.
process.on('disconnect', () => process.kill(-process.pid, 'SIGKILL'));
process.send('ready');
