import { fileURLToPath } from 'node:url';
import { Piscina } from 'piscina';
import { closedLoop, crashLoop } from './closed-loop.mjs';

export async function start({ workers }) {
  const filename = fileURLToPath(new URL('tasks.mjs', import.meta.url));
  const pool = new Piscina({ filename, minThreads: workers, maxThreads: workers });
  /** The same number of calls at once, one for each element. */
  const atOnce = async (count) => {
    const begun = performance.now();
    await Promise.all(Array.from({ length: count }, (_, n) => pool.run(n, { name: 'noop' })));
    return performance.now() - begun;
  };
  return {
    run: (count, window) => closedLoop((n) => pool.run(n, { name: 'noop' }), count, window),
    runMany: atOnce,
    runCalls: atOnce,
    runCrashing: (count, window) => crashLoop((n) => pool.run(n, { name: 'crashing' }), count, window),
    /** Milliseconds from a crash to the first call of the replacement worker. */
    replace: async () => {
      const begun = Date.now();
      await pool.run(true, { name: 'crashOrTell' }).catch(() => undefined);
      return (await pool.run(false, { name: 'crashOrTell' })) - begun;
    },
    stop: () => pool.destroy(),
  };
}
