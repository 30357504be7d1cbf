// A bag of tasks that add more tasks: it counts the ways to place queens that do not attack each other.
//
//   node examples/tree/main.mjs [SIZE]
import { Sleigh, tasks } from 'sleigh';

const { place } = tasks(new URL('./tasks.mjs', import.meta.url));
const [size = 8] = process.argv.slice(2).map(Number);

const sleigh = await Sleigh.start({ workers: 2 });
const bag = sleigh.workspace.variable('bag', 'fifo');
await bag.store([]);

/** Tasks in the bag or running: when there are none, no new one can appear. */
let open = 1;
const empty = new AbortController();
async function* elements() {
  try {
    for (;;) yield await bag.fetch({ signal: empty.signal });
  } catch (error) {
    if (!empty.signal.aborted) throw error;
  }
}

let done = 0;
let solutions = 0;
for await (const result of sleigh.eachElem(place, elements(), { fixedArgs: { size }, ordered: false })) {
  done++;
  solutions += result.solutions;
  open += result.tasks - 1;
  if (open === 0) empty.abort();
}
console.log(`${solutions} ways for ${size} queens, found by ${done} tasks`);
await sleigh.stop();
