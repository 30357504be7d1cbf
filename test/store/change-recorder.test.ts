import { describe, expect, test } from 'vitest';
import { ChangeRecorder } from '../../src/store/change-recorder.ts';
import { compareKeys, type Key } from '../../src/store/change.ts';
import { MemoryStore } from '../../src/store/memory-store.ts';

describe('the recorder of changes', () => {
  test('keeps the last change of each entity', () => {
    const recorder = new ChangeRecorder();
    recorder.put(['value', 1, 1, 1], { text: 'a' });
    recorder.put(['value', 1, 1, 1], { text: 'b' });
    recorder.delete(['value', 1, 1, 2]);
    expect(recorder.take()).toEqual([
      { type: 'put', key: ['value', 1, 1, 1], fields: { text: 'b' } },
      { type: 'delete', key: ['value', 1, 1, 2] },
    ]);
    expect(recorder.isEmpty).toBe(true);
    expect(recorder.take()).toEqual([]);
  });

  test('reads the record of a touched entity when the changes are taken', () => {
    const recorder = new ChangeRecorder();
    let count = 1;
    const entity = { key: ['batch', 1, 1] as const, fields: () => ({ count }) };
    recorder.touch(entity);
    count = 2;
    expect(recorder.take()).toEqual([{ type: 'put', key: ['batch', 1, 1], fields: { count: 2 } }]);
  });

  test('forgets what is cleared, and clears before it puts', () => {
    const recorder = new ChangeRecorder();
    recorder.put(['value', 1, 1, 1], { text: 'before' });
    recorder.clear(['value', 1]);
    recorder.put(['value', 1, 2, 1], { text: 'after' });
    const store = new MemoryStore([
      { key: ['value', 1, 1, 0], fields: {} },
      { key: ['value', 2, 1, 0], fields: {} },
    ]);
    store.apply(recorder.take());
    expect(store.entities.map(({ key }) => key)).toEqual([
      ['value', 1, 2, 1],
      ['value', 2, 1, 0],
    ]);
  });

  test('orders keys by kind, so that an entity comes after those it belongs to, then by their numbers', () => {
    const keys: Key[] = [
      ['value', 10],
      ['value', 9],
      ['job', 11],
      ['value', 9, -1],
    ];
    expect(keys.sort(compareKeys)).toEqual([
      ['value', 9],
      ['value', 9, -1],
      ['value', 10],
      ['job', 11],
    ]);
  });
});
