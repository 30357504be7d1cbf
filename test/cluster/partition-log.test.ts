import { expect, it } from 'vitest';
import { PartitionLog } from '../../src/cluster/partition-log.ts';
import { ManualLoop } from '../support/manual-loop.ts';

// What happens to many partitions is one line in the log.

const MESSAGE = 'the server owns them';

function newLog() {
  const loop = new ManualLoop();
  const lines: unknown[] = [];
  const write = (fields: object): void => void lines.push(fields);
  const log = new PartitionLog({ info: write, warn: write }, loop);
  return { loop, lines, log };
}

it('writes one line for partitions that come one after the other, in their order, with their epochs', () => {
  const { loop, lines, log } = newLog();
  for (const partition of [9, 0, 2, 1]) {
    log.happened(MESSAGE, partition, { fields: { former: 'a' }, epoch: partition + 10 });
    loop.advance(1_500);
  }
  expect(lines).toEqual([]);
  loop.advance(500);
  expect(lines).toEqual([{ former: 'a', partitions: '0-2, 9', epochs: [10, 11, 12, 19] }]);
  expect(loop.running).toBe(0);
});

it('writes a line for each message, and for each of what partitions have in common', () => {
  const { loop, lines, log } = newLog();
  log.happened(MESSAGE, 1, { fields: { former: 'a' } });
  log.happened(MESSAGE, 2, { fields: { former: 'b' } });
  log.happened('another one', 3);
  loop.advance(2_000);
  expect(lines).toEqual([
    { former: 'a', partitions: '1' },
    { former: 'b', partitions: '2' },
    { partitions: '3' },
  ]);
});

it('makes none wait for longer than ten seconds, and writes what waits at the end', () => {
  const { loop, lines, log } = newLog();
  for (let partition = 0; partition < 12; partition++) {
    log.happened(MESSAGE, partition);
    loop.advance(1_000);
  }
  expect(lines).toEqual([{ partitions: '0-9' }]);
  log.close();
  expect(lines).toEqual([{ partitions: '0-9' }, { partitions: '10-11' }]);
  expect(loop.running).toBe(0);
});

it('does not hide that a partition has come twice', () => {
  const { lines, log } = newLog();
  for (const epoch of [3, 5]) log.happened(MESSAGE, 4, { epoch });
  log.close();
  expect(lines).toEqual([
    { partitions: '4', epochs: [3] },
    { partitions: '4', epochs: [5] },
  ]);
});
