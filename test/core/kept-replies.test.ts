import { beforeEach, describe, expect, it } from 'vitest';
import { KeptReplies, type KeptReply } from '../../src/core/kept-replies.ts';
import { ChangeRecorder } from '../../src/store/change-recorder.ts';
import { DEFAULT_LIMITS } from '../../src/wire/limits.ts';
import type { FilePayload } from '../../src/wire/payload.ts';
import { STATUS } from '../../src/wire/reply.ts';
import { ServerAccounting } from '../../src/workspace/storage-accounting.ts';

const SESSION = 3;

const saying = (note: string): KeptReply => ({ status: STATUS.ok, metadata: new Map([['note', note]]) });
const withFile = (file: FilePayload): KeptReply => ({
  status: STATUS.ok,
  metadata: new Map(),
  value: { descriptor: 1, payload: file, variableId: 'x', index: 2 },
});
const put = (number: number, note: string) => ({
  type: 'put',
  key: ['reply', SESSION, number],
  fields: { status: STATUS.ok, metadata: [['note', note]] },
});
const deleted = (number: number) => ({ type: 'delete', key: ['reply', SESSION, number] });

describe('the replies that a session keeps (P15.1)', () => {
  let changes: ChangeRecorder;
  let accounting: ServerAccounting;
  let discarded: FilePayload[];
  let replies: KeptReplies;

  const newReplies = (): KeptReplies =>
    new KeptReplies({ changes, accounting }, SESSION, accounting.budget.newClient());
  /** What is recorded now. */
  const recorded = () => {
    replies.record();
    return changes.take();
  };

  beforeEach(() => {
    changes = new ChangeRecorder();
    discarded = [];
    accounting = new ServerAccounting(DEFAULT_LIMITS, (file) => discarded.push(file));
    replies = newReplies();
  });

  it('are recorded once, and each record is deleted once when the client has the reply', () => {
    replies.keep(1, saying('one'));
    expect(recorded()).toEqual([put(1, 'one')]);
    replies.keep(2, saying('two'));
    expect(recorded()).toEqual([put(2, 'two')]);
    replies.acknowledge(1);
    expect(recorded()).toEqual([deleted(1)]);
    expect(recorded()).toEqual([]);
  });

  it('change nothing in the store when they are acknowledged, until there is another change', () => {
    replies.keep(1, saying('one'));
    replies.record();
    changes.take();
    replies.acknowledge(1);
    expect(replies.find(1)).toBeUndefined();
    expect(changes.take()).toEqual([]);
    expect([...replies.entities()]).toHaveLength(1);
    expect(recorded()).toEqual([deleted(1)]);
    expect([...replies.entities()]).toEqual([]);
  });

  it('take their record along with the file that it names, at once (P11)', () => {
    const file = { file: 1, size: 100 };
    replies.keep(1, withFile(file));
    replies.record();
    changes.take();
    accounting.discard(file);
    expect(discarded).toEqual([]);
    replies.acknowledge(1);
    expect(discarded).toEqual([file]);
    expect(changes.take()).toEqual([deleted(1)]);
  });

  it('leave nothing when the session ends', () => {
    replies.keep(1, saying('one'));
    replies.record();
    replies.keep(2, saying('two'));
    changes.take();
    replies.clear();
    expect(changes.take()).toEqual([{ type: 'clear', prefix: ['reply', SESSION] }]);
    expect([...replies.entities()]).toEqual([]);
    expect([replies.find(1), replies.find(2), accounting.memory]).toEqual([undefined, undefined, 0]);
  });

  it('are the same after a restart, and take as much memory', () => {
    const file = { file: 1, size: 100 };
    replies.keep(1, saying('one'));
    replies.keep(2, withFile(file));
    replies.record();
    const { memory } = accounting;
    const entities = [...replies.entities()];
    const found = [1, 2].map((number) => replies.find(number));
    accounting = new ServerAccounting(DEFAULT_LIMITS, (file) => discarded.push(file));
    replies = newReplies();
    const restored: FilePayload[] = [];
    for (const entity of entities) replies.restore(entity, (each) => restored.push(each));
    expect(restored).toEqual([file]);
    expect(entities.map(({ fields }) => fields['metadata'])).toEqual([[['note', 'one']], []]);
    expect([1, 2].map((number) => replies.find(number))).toEqual(found);
    expect(accounting.memory).toBe(memory);
    expect([...replies.entities()]).toEqual(entities);
    replies.acknowledge(2);
    expect(accounting.memory).toBe(0);
  });
});
