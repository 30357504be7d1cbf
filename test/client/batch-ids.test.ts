import { expect, it } from 'vitest';
import { batchNumber, batchOfId } from '../../src/client/task/task-metadata.ts';

it.each([
  ['12', '12', 12],
  ['12.7', '12', 12],
  ['1f2e 5', '1f2e 5', 5],
  ['1f2e 5.10', '1f2e 5', 5],
  ['of another client', 'of another client', 0],
])('the id %s is that of batch %s, with number %d', (id, batch, number) => {
  expect([batchOfId(id), batchNumber(id)]).toEqual([batch, number]);
});
