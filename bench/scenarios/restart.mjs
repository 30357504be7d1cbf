import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { atMost, figure, ROOMY } from '../bed.mjs';

/** The name of the workspace of load.c. */
const JOB = 'bench';

/** Registers a worker and waits until it has a task. */
async function takeTask(ProtocolClient, port) {
  const client = await ProtocolClient.ready({ host: '127.0.0.1', port: Number(port) });
  await client.ask(['use ws', JOB, 'worker', 'no']);
  const { value } = await client.ask(['fetch', JOB, 'worker_ids']);
  await client.ask(['store', JOB, 'worker_ids', '1', value]);
  await client.ask(['fetch', JOB, 'task']);
  client.vanish();
}

/** Seconds from the start of a server, after kill -9, until a worker has the first of this many tasks. */
async function restart(bed, count) {
  const { ProtocolClient } = await import(join(bed.build, 'verify/protocol-client.js'));
  const folder = mkdtempSync(join(tmpdir(), 'sleigh-restart-'));
  try {
    const flags = ['--data', folder, '--sync', 'everysec', ...ROOMY];
    const before = await bed.sleigh(...flags);
    const load = bed.load(before);
    await load.does('sleigh', 1, 1, 1);
    await load.does('queue', count, 64);
    await bed.end(before, load);
    const began = performance.now();
    const after = await bed.sleigh(...flags);
    const listening = performance.now();
    await takeTask(ProtocolClient, after.port);
    const given = performance.now();
    await bed.end(after);
    return { toListen: (listening - began) / 1000, toTask: (given - began) / 1000 };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export const restarts = {
  name: 'restart',
  about: 'from the start of a server after kill -9 until a worker has the first of the queued tasks',
  run(bed) {
    return bed.rounds(
      async () => {
        const few = await restart(bed, bed.size(10_000, 1_000));
        const many = await restart(bed, bed.size(1_000_000, 2_000));
        return [
          figure('10,000 tasks', 's', few.toTask, atMost(2)),
          figure('1,000,000 tasks', 's', many.toTask, atMost(15)),
          figure('1,000,000 tasks, until it listens', 's', many.toListen),
        ];
      },
      { warmUp: false },
    );
  },
};
