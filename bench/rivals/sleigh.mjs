import { Sleigh, tasks } from '../../dist/client/index.js';

const { noop, survive } = tasks(new URL('tasks.mjs', import.meta.url));

export async function start({ workers }) {
  const sleigh = await Sleigh.start({ workers });
  const run = async (count, options) => {
    const latencies = [];
    const begun = [];
    function* elements() {
      for (let n = 0; n < count; n++) {
        begun[n] = performance.now();
        yield n;
      }
    }
    const start = performance.now();
    const results = sleigh.eachElem(noop, elements(), { ordered: false, ...options });
    for await (const { index, value } of results.outcomes()) {
      if (value !== index) throw new Error(`task ${index} has the result of another`);
      latencies.push(performance.now() - begun[index]);
    }
    return { milliseconds: performance.now() - start, latencies };
  };
  return {
    /** `eachElem`, with as many tasks out as the others have. */
    run: (count, window) => run(count, { loadFactor: window / workers }),
    /** As for many short calls: elements travel together. */
    runBulk: (count) => run(count, { chunkSize: 50 }),
    survive: async (file) => void (await sleigh.eachElem(survive, [file])),
    stop: () => sleigh.stop(),
  };
}
