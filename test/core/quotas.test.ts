import { describe, expect } from 'vitest';
import type { SimulatedClient } from '../support/simulated-client.ts';
import { it } from '../support/on-server.ts';

const fill = (client: SimulatedClient, workspace: string): string => {
  for (let n = 0; n < 1_000; n++) {
    const { status, reason } = client.call(['store', workspace, 'x', '1', 'v'.repeat(1_000)]);
    if (status !== '0000') return reason;
  }
  return 'none';
};

describe('quotas (P12, W11)', () => {
  it(
    'refuse a client that has used its quota, even after it has disconnected, and no other client',
    (server) => {
      const [one, other] = [server.connect(), server.connect()];
      one.call(['open ws', 'a', 'me', 'yes']);
      other.call(['open ws', 'b', 'me', 'no']);
      expect(fill(one, 'a')).toMatch(
        /^Refused: what this client has stored or made takes \d+ bytes in memory; the limit is 20000\.$/,
      );
      expect(other.call(['store', 'b', 'x', '1', 'v'.repeat(1_000)]).status).toBe('0000');
      // Memory that other clients free is available again to the client that stored it.
      other.call(['use ws', 'a', 'me', 'no']);
      for (let n = 0; n < 5; n++) other.call(['fetchTry', 'a', 'x']);
      expect(one.call(['store', 'a', 'x', '1', 'v'.repeat(1_000)]).status).toBe('0000');
      one.disconnect();
      expect(other.call(['fetchTry', 'a', 'x']).status).toBe('0000');
    },
    { limits: { clientMemoryBytes: 20_000 } },
  );

  it(
    'refuse stores to a workspace that has used its quota, and to no other',
    (server) => {
      const client = server.connect();
      for (const name of ['a', 'b']) client.call(['open ws', name, 'me', 'no']);
      expect(fill(client, 'a')).toMatch(
        /^Refused: the workspace takes \d+ bytes in memory; the limit is 20000\.$/,
      );
      expect(client.call(['store', 'b', 'x', '1', 'v'.repeat(1_000)]).status).toBe('0000');
      client.call(['delete var', 'a', 'x']);
      expect(client.call(['store', 'a', 'x', '1', 'v'.repeat(1_000)]).status).toBe('0000');
    },
    { limits: { workspaceMemoryBytes: 20_000 } },
  );

  it('can be lowered for a workspace by its creator', (server) => {
    const client = server.connect();
    client.call(['open ws', 'a', 'me', 'no'], { memoryBytes: '10000' });
    expect(fill(client, 'a')).toMatch(/the workspace takes \d+ bytes in memory; the limit is 10000\.$/);
    // The creator of the workspace chooses.
    client.call(['open ws', 'a', 'me', 'no'], { memoryBytes: '1000000' });
    expect(fill(client, 'a')).toMatch(/the limit is 10000\.$/);
    for (const text of ['-1', 'much', '1.5', ''])
      expect(client.call(['open ws', 'b', 'me', 'no'], { memoryBytes: text })).toMatchObject({
        status: '0001',
        reason: `memoryBytes must be a whole number of bytes from 0, not "${text}".`,
      });
    expect(client.call(['list wss', 'b']).value).toBe('\n');
    const small = client.call(['open ws', 'job', 'me', 'no'], { wstype: 'sleigh', memoryBytes: '1000' });
    expect(small.reason).toBe('Refused: the workspace takes 0 bytes in memory; the limit is 1000.');
  });
});
