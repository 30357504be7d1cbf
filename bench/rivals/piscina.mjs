import { fileURLToPath } from 'node:url';
import { Piscina } from 'piscina';
import { closedLoop } from './closed-loop.mjs';

export async function start({ workers }) {
  const filename = fileURLToPath(new URL('tasks.mjs', import.meta.url));
  const pool = new Piscina({ filename, minThreads: workers, maxThreads: workers });
  return {
    run: (count, window) => closedLoop((n) => pool.run(n, { name: 'noop' }), count, window),
    stop: () => pool.destroy(),
  };
}
