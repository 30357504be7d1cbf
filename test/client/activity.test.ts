import { describe, expect, it, vi } from 'vitest';
import { ActivityWatches } from '../../src/client/worker/activity-watches.ts';
import { ActivityWriter, newBoard, type CallDetails } from '../../src/client/worker/activity.ts';
import { CalledBeside, Departure } from '../../src/client/worker/departure.ts';
import {
  lineOf,
  messagesFrom,
  type MessageAboutRank,
  type MessageToWorker,
} from '../../src/client/worker/worker-messages.ts';

const call = (details: Partial<CallDetails> = {}): CallDetails => ({
  batch: '7',
  at: 0,
  limit: Infinity,
  isLoading: false,
  ...details,
});

/** The calls of a process, and what its sentinel learns of them. */
function watched() {
  const board = newBoard();
  const reports: MessageAboutRank[] = [];
  const watches = new ActivityWatches(board, (message) => reports.push(message));
  return { writer: new ActivityWriter(board), watches, reports };
}

describe('a call that is watched from another thread', () => {
  it('is reported when it is seen at two looks, once, and so is its end', () => {
    const { writer, watches, reports } = watched();
    writer.begin(call({ batch: 'bätch', at: 3, limit: 500 }));
    watches.look();
    expect(reports).toEqual([]);
    watches.look();
    watches.look();
    expect(reports).toEqual([{ type: 'call', call: 1, batch: 'bätch', at: 3, limit: 500, isLoading: false }]);
    writer.end();
    watches.look();
    watches.look();
    expect(reports.slice(1)).toEqual([{ type: 'idle' }]);
  });

  it('is not reported if another one has begun at the second look', () => {
    const { writer, watches, reports } = watched();
    for (let n = 0; n < 3; n++) {
      writer.begin(call());
      watches.look();
      writer.end();
    }
    watches.look();
    expect(reports).toEqual([]);
    writer.begin(call({ batch: 'a longer name', isLoading: true, at: 1 }));
    for (let n = 0; n < 2; n++) watches.look();
    writer.end();
    writer.begin(call({ batch: '8' }));
    for (let n = 0; n < 2; n++) watches.look();
    expect(reports).toEqual([
      { type: 'call', call: 4, batch: 'a longer name', at: 1, limit: null, isLoading: true },
      { type: 'idle' },
      { type: 'call', call: 5, batch: '8', at: 0, limit: null, isLoading: false },
    ]);
  });

  it('is reported at once if its batch is cancelled', () => {
    const { writer, watches, reports } = watched();
    watches.cancelled({ 7: 'kill' });
    writer.begin(call());
    watches.cancelled({ 8: 'kill' });
    expect(reports).toEqual([]);
    watches.cancelled({ 7: 'ask' });
    watches.cancelled({ 7: 'ask' });
    expect(reports).toMatchObject([{ type: 'call', call: 1 }]);
    // What has ended is reported at the next look.
    writer.end();
    watches.cancelled({ 7: 'ask' });
    expect(reports).toHaveLength(1);
  });

  it('cannot end any more when it is condemned, unless it has ended before', () => {
    const { writer, watches, reports } = watched();
    writer.begin(call());
    for (let n = 0; n < 2; n++) watches.look();
    watches.condemn({ call: 1 });
    expect(reports.slice(1)).toEqual([{ type: 'condemned', call: 1 }]);
    watches.look();
    expect(reports).toHaveLength(2);
    // Its thread waits while the memory says that it is condemned: here it does not, and the test goes on.
    const waits = vi.spyOn(Atomics, 'wait').mockReturnValue('ok');
    writer.end();
    expect(waits.mock.calls.map(([, word, value]) => [word, value])).toEqual([[0, -1]]);
    waits.mockRestore();
  });

  it('that is not condemned ends without a wait', () => {
    const { writer } = watched();
    const waits = vi.spyOn(Atomics, 'wait').mockReturnValue('ok');
    writer.begin(call());
    writer.end();
    expect(waits).not.toHaveBeenCalled();
    waits.mockRestore();
  });

  it('that has ended is not condemned, and neither is the next one', () => {
    const { writer, watches, reports } = watched();
    writer.begin(call());
    for (let n = 0; n < 2; n++) watches.look();
    writer.end();
    watches.condemn({ call: 1 });
    expect(reports.slice(1)).toEqual([{ type: 'idle' }]);
    writer.begin(call());
    watches.condemn({ call: 1 });
    writer.end();
    expect(reports).toHaveLength(2);
  });

  it('of a process with several ranks is reported with its rank', () => {
    const { watches, reports } = watched();
    const [second, third] = [newBoard(), newBoard()];
    watches.add({ type: 'board', rank: 2, board: second });
    watches.add({ type: 'board', rank: 3, board: third });
    new ActivityWriter(third).begin(call());
    for (let n = 0; n < 2; n++) watches.look();
    expect(reports).toMatchObject([{ type: 'call', rank: 3, call: 1 }]);
    new ActivityWriter(second).begin(call({ batch: '9' }));
    watches.cancelled({ 9: 'kill' });
    watches.condemn({ call: 1, rank: 2 });
    watches.condemn({ call: 1, rank: 4 });
    expect(reports.slice(1)).toMatchObject([
      { type: 'call', rank: 2 },
      { type: 'condemned', rank: 2, call: 1 },
    ]);
  });
});

describe('a worker that is to leave', () => {
  it('leaves with the first reason, when each of its ranks has no task', () => {
    const departure = new Departure();
    const gone: string[] = [];
    const ranks = { free: {}, busy: {}, later: {} };
    departure.whenFree(ranks.free, () => gone.push('free'));
    departure.whenFree(ranks.busy, () => gone.push('busy'));
    departure.whenFree(ranks.busy, undefined);
    expect([departure.why, departure.words, gone.length]).toEqual([undefined, '', 0]);
    departure.request('max-tasks', 'enough');
    departure.request('told-to-go', 'at last');
    expect([departure.why, departure.words]).toEqual(['max-tasks', 'enough']);
    expect(gone).toEqual(['free']);
    departure.whenFree(ranks.busy, () => gone.push('busy'));
    expect(gone).toEqual(['free', 'busy']);
    departure.whenFree(ranks.later, undefined);
    expect(gone).toHaveLength(2);
  });

  it('is not confused with a copy that another rank calls', () => {
    expect(new CalledBeside('x').name).toBe('CalledBeside');
  });
});

it('messages between a sentinel and its workers arrive whole, however the stream is cut', () => {
  const sent: MessageToWorker[] = [
    { type: 'leave' },
    { type: 'cancelled', batches: { 'a\nb': 'kill' } },
    { type: 'condemn', call: 2, rank: 1 },
  ];
  const stream = sent.map(lineOf).join('');
  for (let length = 1; length <= stream.length; length++) {
    const received: unknown[] = [];
    const read = messagesFrom((message) => received.push(message));
    for (let at = 0; at < stream.length; at += length) read(stream.slice(at, at + length));
    expect(received).toEqual(sent);
  }
});
