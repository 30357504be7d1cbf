// Finds a regular expression in all files of a folder, and prints each match as it is found, in the order of the files:
//
//   node examples/search/main.mjs PATTERN [FOLDER]
import { opendir } from 'node:fs/promises';
import { join } from 'node:path';
import { Sleigh, tasks } from 'sleigh';

const { search } = tasks(new URL('./tasks.mjs', import.meta.url));
const [pattern, folder = '.'] = process.argv.slice(2);
if (pattern === undefined)
  throw new Error('say what to look for: node examples/search/main.mjs PATTERN [FOLDER]');

const names = [];
/** Files are submitted while the folder is still being read. */
async function* files() {
  for await (const entry of await opendir(folder, { recursive: true })) {
    if (!entry.isFile() || /\.git|node_modules/.test(entry.parentPath)) continue;
    names.push(join(entry.parentPath, entry.name));
    yield names.at(-1);
  }
}

const sleigh = await Sleigh.start({ workers: 2 });
const results = sleigh.eachElem(search, files(), { fixedArgs: { pattern } });
let found = 0;
for await (const { index, value, error } of results.outcomes()) {
  if (error !== undefined) console.error(`${names[index]}: ${error.reason}`);
  for (const { number, line } of value ?? []) {
    found++;
    console.log(`${names[index]}:${number}: ${line.trim()}`);
  }
}
console.log(`${found} lines in ${names.length} files`);
await sleigh.stop();
