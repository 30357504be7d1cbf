import { describe, expect, it } from 'vitest';
import { PendingStore } from '../../src/machines/pending-store.ts';
import { PendingRequests } from '../../src/sleigh/pending-requests.ts';
import { PendingGet, type Client } from '../../src/workspace/pending-get.ts';
import { NO_METADATA } from '../../src/wire/payload.ts';

const client: Client = {
  id: 1,
  peer: '10.0.0.1:5',
  closeListeners: new Set(),
  answer: () => undefined,
  refuse: () => undefined,
};
const newGet = () =>
  new PendingGet(client, { verb: 'fetch', takes: true, waits: true, metadata: NO_METADATA });
const newStore = () => new PendingStore({ descriptor: 1, payload: 'x', metadata: NO_METADATA }, client);

describe('the requests that are being carried out', () => {
  it('are found by their numbers, each as what it is', () => {
    const requests = new PendingRequests();
    const [get, store, another] = [newGet(), newStore(), newGet()];
    const [first, second, third] = [requests.add(get), requests.add(store), requests.add(another)];
    expect([requests.get(first), requests.store(second), requests.get(third)]).toEqual([get, store, another]);
    expect(() => requests.store(first)).toThrow('no store with the number 1 is under way');
    expect(() => requests.get(second)).toThrow('no get with the number 2 is under way');
  });

  it('are not found after they were carried out, and their numbers are not used again', () => {
    const requests = new PendingRequests();
    const numbers = new Set<number>();
    for (let n = 0; n < 3; n++) {
      const [get, store] = [requests.add(newGet()), requests.add(newStore())];
      numbers.add(get).add(store);
      requests.clear();
      expect(() => requests.get(get)).toThrow(`no get with the number ${get} is under way`);
      expect(() => requests.store(store)).toThrow(`no store with the number ${store} is under way`);
    }
    expect(numbers.size).toBe(6);
    // However many there are at a time.
    const counts = [2, 1, 5];
    for (const count of counts) {
      for (let n = 0; n < count; n++) numbers.add(requests.add(newGet()));
      requests.clear();
    }
    expect(numbers.size).toBe(6 + 8);
  });
});
