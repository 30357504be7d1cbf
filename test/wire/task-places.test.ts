import { describe, expect, it } from 'vitest';
import { elementOfPlace } from '../../src/wire/task-places.ts';

const elementsOf = (metadata: Readonly<Record<string, string>>, places: readonly number[]): string[] => {
  const elementAt = elementOfPlace(new Map(Object.entries(metadata)));
  return places.map(elementAt).map(({ batch, index }) => `${batch}:${index}`);
};

describe('the elements of a task (S23.7)', () => {
  it.each<[name: string, metadata: Record<string, string>, elements: string[]]>([
    ['follow each other from its index', { batchId: 'a', index: '7' }, ['a:7', 'a:8', 'a:9']],
    ['begin with the first of the batch without an index', { batchId: 'a' }, ['a:0', 'a:1', 'a:2']],
    ['have no batch without one', { index: '1' }, [':1', ':2', ':3']],
    ['may be of several batches', { batchId: 'a,b', index: '7,2', shares: '1,2' }, ['a:7', 'b:2', 'b:3']],
    ['may be none of a batch', { batchId: 'a,b,c', index: '7,2,5', shares: '2,0,1' }, ['a:7', 'a:8', 'c:5']],
    [
      'are of no batch beyond their number',
      { batchId: 'a,b', index: '7,2', shares: '1,1' },
      ['a:7', 'b:2', ':2'],
    ],
    ['are none without a number', { batchId: 'a,b', index: '7,2', shares: '1' }, ['a:7', ':1', ':2']],
    ['have the index 0 without one', { batchId: 'a,b', index: '7', shares: '1,2' }, ['a:7', 'b:0', 'b:1']],
  ])('%s', (_, metadata, elements) => {
    expect(elementsOf(metadata, [0, 1, 2])).toEqual(elements);
  });
});
