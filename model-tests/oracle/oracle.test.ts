import { describe, expect, it } from 'vitest';
import { sent } from './play/party.ts';
import { play } from './script.ts';
import { isLong } from '../../test/support/form.ts';

// 1,000 commands, always the same; 100,000 with VERIFY=long and random seeds: a failure prints its seed and its script.

describe('the server and a model written from the clauses', () => {
  it(
    'give every client the same replies over TCP, for any order of requests and disconnections',
    async () => {
      const wanted = isLong ? 100_000 : 1_000;
      const started = performance.now();
      sent.requests = 0;
      for (let seed = 1; sent.requests < wanted; seed++)
        await play({ runs: 10, steps: 250, ...(!isLong && { seed }) });
      const seconds = (performance.now() - started) / 1_000;
      console.log(`oracle: ${sent.requests} commands in ${seconds.toFixed(1)} s`);
      expect(sent.requests).toBeGreaterThanOrEqual(wanted);
    },
    isLong ? 3_600_000 : 60_000,
  );
});
