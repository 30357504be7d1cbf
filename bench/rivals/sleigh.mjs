import { Sleigh, tasks } from '../../dist/client/index.js';

const { noop, survive, crashing, crashOrTell } = tasks(new URL('tasks.mjs', import.meta.url));

/** The numbers up to `count`, with at most `window` of them unfinished at a time. */
class Elements {
  begun = [];
  #left;
  #wake = () => undefined;

  constructor(count, window) {
    this.count = count;
    this.#left = window;
  }

  async *[Symbol.asyncIterator]() {
    for (let n = 0; n < this.count; n++) {
      while (this.#left === 0) await new Promise((resolve) => (this.#wake = resolve));
      this.#left--;
      this.begun[n] = performance.now();
      yield n;
    }
  }

  answered() {
    this.#left++;
    this.#wake();
  }
}

/**
 * @param chunkSize of `eachElem`; automatic if absent
 * @param options of `Sleigh.start`
 */
export async function start({ workers, chunkSize, ...sleighOptions }) {
  const sleigh = await Sleigh.start({ workers, ...sleighOptions });
  const run = async (count, window, task = noop) => {
    let failed = 0;
    const latencies = [];
    const elements = new Elements(count, window);
    const start = performance.now();
    const results = sleigh.eachElem(task, elements, { ordered: false, ...options });
    for await (const { index, value, error } of results.outcomes()) {
      if (error !== undefined) failed++;
      else if (value !== index) throw new Error(`task ${index} has the result of another`);
      latencies.push(performance.now() - elements.begun[index]);
      elements.answered();
    }
    return { milliseconds: performance.now() - start, latencies, failed };
  };
  const options = chunkSize === undefined ? {} : { chunkSize };
  return {
    /** With as many unfinished elements as the others have tasks. */
    run: (count, window) => run(count, window),
    /** All at once, with the defaults. */
    runBulk: async (count) => {
      const begun = performance.now();
      const latencies = [];
      for await (const _ of sleigh.eachElem(noop, Array.from({ length: count }).keys(), options))
        latencies.push(performance.now() - begun);
      return { milliseconds: performance.now() - begun, latencies };
    },
    /** The same number of batches at once, each of one element. */
    runMany: async (count) => {
      const begun = performance.now();
      await Promise.all(Array.from({ length: count }, (_, n) => sleigh.eachElem(noop, [n])));
      return performance.now() - begun;
    },
    /** The same number of calls of `submit` at once. */
    runCalls: async (count) => {
      const begun = performance.now();
      await Promise.all(Array.from({ length: count }, (_, n) => sleigh.submit(noop, n)));
      return performance.now() - begun;
    },
    runCrashing: (count, window) => run(count, window, crashing),
    /** Milliseconds from a crash to the first call of the replacement worker. */
    replace: async () => {
      const begun = Date.now();
      await sleigh.eachElem(crashOrTell, [true], { errors: 'collect' });
      const [at] = await sleigh.eachElem(crashOrTell, [false]);
      return at - begun;
    },
    survive: async (file) => void (await sleigh.eachElem(survive, [file])),
    stop: () => sleigh.stop(),
  };
}
