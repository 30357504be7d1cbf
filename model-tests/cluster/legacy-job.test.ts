import { EventEmitter, once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { byForm, isShort } from '../../test/support/form.ts';
import { noPostgres } from '../../test/support/postgres.ts';
import { startPlainBed } from './bed/plain-bed.ts';
import { legacyJob } from './legacy-job.ts';
import { Servers } from './servers.ts';

// All clients are connected to one server, which is not killed. When it owns the data, another one claims it.

const KILLS = Number(process.env['LEGACY_KILLS'] ?? byForm(0, 3, 20));
const LEASE_MS = 1_000;
const HOUR = 3_600_000;

const title = `a job of clients of 2010${noPostgres === undefined ? '' : `: ${noPostgres}`}`;

describe.skipIf(isShort || noPostgres !== undefined)(title, () => {
  it(
    'finishes while the owners of its data are killed: each element has one result, and none is null (D13)',
    async () => {
      await using bed = await startPlainBed();
      await using servers = await Servers.start(bed, { leaseMs: LEASE_MS });
      const front = servers.names.at(-1) ?? '';
      // An owner serves the clients that connect to it itself, and they would end with its claim.
      for (let owner = await servers.ownerOf(0); owner.name === front; owner = await servers.ownerOf(0))
        await servers.takeOver(owner);
      const killed: string[] = [];
      let isOver = false;
      const results = new EventEmitter();
      // All clients are connected when there is a result.
      const begun = once(results, 'result');
      const job = legacyJob(servers.addressOf(front), () => {
        results.emit('result');
        return isOver;
      });
      const killing = (async () => {
        await begun;
        while (killed.length < KILLS) {
          const owner = await servers.ownerOf(0);
          const { name } = owner;
          if (name === front) await servers.takeOver(owner);
          else {
            await servers.kill(name);
            killed.push(name);
            await servers.ownerAfter(owner);
            await servers.restart(name);
          }
        }
      })().finally(() => (isOver = true));
      const [{ tasks, wrongs }] = await Promise.all([job, killing]);
      console.log(`a job of clients of 2010: ${tasks} elements, ${killed.length} kills`);
      expect(wrongs).toEqual([]);
      expect(tasks).toBeGreaterThan(KILLS * 10);
    },
    HOUR,
  );
});
