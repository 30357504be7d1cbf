import { describe, expect, it } from 'vitest';
import { OtherPartitions } from '../../src/cluster/others.ts';
import { NODE_EDGE } from '../../src/transport/edge.ts';
import { createLogger } from '../../src/transport/logger.ts';
import { TcpServer } from '../../src/transport/server.ts';
import { Unread } from '../../src/transport/unread.ts';
import { NO_OTHERS } from '../../src/workspace/others-use.ts';
import { StorageAccounting } from '../../src/workspace/storage-accounting.ts';

// The partitions of a server share its limits (P12).

const LIMITS = { memoryBytes: 10_000, incomingBytes: 4_000, serverBytes: 50_000, connectionCount: 10 };

/** Cores in this process, of which the last one is not owned any more. */
function newCores(): readonly TcpServer[] {
  const parts: { number: number; tcp: TcpServer | undefined }[] = [];
  const cores = [0, 1, 2].map((number) => {
    const others = new OtherPartitions(() => parts, number);
    const tcp = new TcpServer({ limits: LIMITS }, createLogger('silent'), undefined, {
      ...NODE_EDGE,
      others,
    });
    parts.push({ number, tcp: number === 2 ? undefined : tcp });
    return tcp;
  });
  return cores;
}

const kindOf = (refused: { readonly limit?: string | undefined } | undefined): string | undefined =>
  refused?.limit;

describe('the cores of one server', () => {
  it('refuse what all of them have no room for, and only as long as the others hold it', () => {
    const [one, other, left] = newCores();
    if (one === undefined || other === undefined || left === undefined) throw new Error('no cores');
    const storage = new StorageAccounting(one.core.accounting);
    left.core.accounting.budget.take('values', 9_999, {});
    left.core.accounting.bytes = 49_999;
    expect(storage.refusalOf(6_000, undefined)).toBeUndefined();
    other.core.accounting.budget.take('values', 3_000, {});
    expect(other.core.accounting.incoming.take(2_000, 0)).toBeUndefined();
    expect(kindOf(storage.refusalOf(6_000, undefined))).toBe('memoryBytes');
    expect(storage.refusalOf(5_000, undefined)).toBeUndefined();
    expect(kindOf(one.core.accounting.incoming.take(2_001, 0))).toBe('incomingBytes');
    expect(one.core.accounting.incoming.take(1_000, 0)).toBeUndefined();
    // One that sends little may always send it.
    expect(one.core.accounting.incoming.take(400, 0)).toBeUndefined();
    other.core.accounting.bytes = 45_000;
    const value = { descriptor: 1, payload: Buffer.alloc(6_000), metadata: new Map(), owner: undefined };
    expect(kindOf(storage.refusal(value))).toBe('serverBytes');
    other.core.accounting.bytes = 0;
    other.core.accounting.budget.give('values', 3_000, {});
    other.core.accounting.incoming.give(2_000);
    expect(storage.refusal(value)).toBeUndefined();
  });

  it('count what has arrived, and what clients have not read, together', () => {
    const [one, other] = newCores();
    if (one === undefined || other === undefined) throw new Error('no cores');
    expect(other.core.accounting.unread.take(3_000, 0)).toBeUndefined();
    expect(kindOf(one.core.accounting.unread.take(1_001, 0))).toBe('incomingBytes');
    const others = { ...NO_OTHERS, unread: 0 };
    const unread = new Unread<{ readonly unread: number }>(100, others);
    const [few, many] = [{ unread: 20 }, { unread: 50 }];
    unread.count(few);
    unread.count(many);
    expect(unread.excess()).toEqual([]);
    others.unread = 40;
    expect(unread.excess()).toEqual([many]);
  });
});
