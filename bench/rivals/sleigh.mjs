import { Sleigh, tasks } from '../../dist/client/index.js';

const { noop, survive } = tasks(new URL('tasks.mjs', import.meta.url));

export async function start({ workers }) {
  const sleigh = await Sleigh.start({ workers });
  return {
    /** `eachElem`, with a window of as many tasks as the others have. */
    run: async (count, window) => {
      const latencies = [];
      const begun = [];
      function* elements() {
        for (let n = 0; n < count; n++) {
          begun[n] = performance.now();
          yield n;
        }
      }
      const results = sleigh.eachElem(noop, elements(), { loadFactor: window / workers, ordered: false });
      const start = performance.now();
      for await (const { index, value } of results.outcomes()) {
        if (value !== index) throw new Error(`task ${index} has the result of another`);
        latencies.push(performance.now() - begun[index]);
      }
      return { milliseconds: performance.now() - start, latencies };
    },
    survive: async (file) => void (await sleigh.eachElem(survive, [file])),
    stop: () => sleigh.stop(),
  };
}
