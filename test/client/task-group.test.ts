import { expect, it } from 'vitest';
import type { Found } from '../../src/client/connection/connection.ts';
import type { ElementOwner } from '../../src/client/master/element-owner.ts';
import { TaskGroup, type TaskSender } from '../../src/client/master/task-group.ts';
import type { Sent } from '../../src/client/master/task-parts.ts';
import { KEY } from '../../src/wire/names.ts';

/** The server's answer in place of a worker that died (S13, S19). */
const LOST: Found = {
  value: '',
  metadata: new Map([
    ['nwsNull', '1'],
    ['nwsWhy', 'died'],
    ['nwsWorkerRank', '0'],
  ]),
  descriptor: 0,
  variableId: '',
  index: 0,
};

it('the elements of a chunk of a fixed size whose worker died are tried alone, as often as other elements', () => {
  const stored: { readonly sent: Sent; readonly attempts: string | undefined }[] = [];
  const sender: TaskSender = {
    workers: 1,
    maxAttempts: 3,
    mayRepeat: true,
    send: (_group, sent, _value, metadata) => {
      stored.push({ sent, attempts: metadata.get(KEY.maxAttempts) });
      return Promise.resolve();
    },
  };
  const owner: ElementOwner = {
    id: '1',
    isWanted: true,
    countParts: () => undefined,
    settle: () => undefined,
    refuse: () => undefined,
  };
  const group = new TaskGroup({ sender, metadata: new Map(), chunkSize: 2, loadFactor: 8 });
  for (const index of [0, 1]) group.add(owner, index, index);
  const [chunk] = stored;
  expect(chunk?.attempts).toBe('1');
  if (chunk !== undefined) group.received(chunk.sent, LOST);
  expect(stored.slice(1).map(({ sent, attempts }) => [sent.count, attempts])).toEqual([
    [1, undefined],
    [1, undefined],
  ]);
});
