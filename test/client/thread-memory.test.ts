import { describe, expect, it } from 'vitest';
import { ThreadMemory } from '../../src/client/master/thread-memory.ts';
import type { ThreadPort } from '../../src/client/platform.ts';
import { unsafeCast } from '../../src/client/unsafe-cast.ts';
import type { MemoryAnswer } from '../../src/client/worker/worker-messages.ts';

// The memory that a master shares with its threads (S36), without threads: the test asks in place of them.

/** A memory with threads, and what its port answers to references. */
function shared() {
  const memory = new ThreadMemory('secret');
  memory.isShared = true;
  const answers: { readonly answer: MemoryAnswer; readonly moved: readonly ArrayBuffer[] | undefined }[] = [];
  const hearing: ((message: unknown) => void)[] = [];
  let unrefs = 0;
  memory.listen(
    unsafeCast<ThreadPort>({
      on: (_event: string, listener: (message: unknown) => void) => hearing.push(listener),
      postMessage: (message: unknown, moved?: readonly ArrayBuffer[]) =>
        answers.push({ answer: unsafeCast<MemoryAnswer>(message), moved }),
      unref: () => unrefs++,
    }),
  );
  const ask = (...references: readonly (string | undefined)[]) => {
    for (const hear of hearing) hear({ asked: 7, references });
    return answers.at(-1);
  };
  return { memory, ask, unrefs: () => unrefs };
}

describe('the memory of a master', () => {
  it('is lent only if there are workers that are threads', () => {
    expect(new ThreadMemory('secret').lending()).toBeUndefined();
    expect(shared().memory.lending()).toBeDefined();
  });

  it('that is shared has one reference, and every thread that asks gets it', () => {
    const { memory, ask, unrefs } = shared();
    const [one, two] = [new SharedArrayBuffer(1), new SharedArrayBuffer(2)];
    const [first, second] = [memory.lending(), memory.lending()];
    expect([first?.refer(one), first?.refer(two), second?.refer(one), second?.refer(one)]).toEqual([
      'secret.1',
      'secret.2',
      'secret.1',
      'secret.1',
    ]);
    expect([first?.lent(), second?.lent()]).toEqual([
      [
        { reference: 'secret.1', memory: one },
        { reference: 'secret.2', memory: two },
      ],
      [{ reference: 'secret.1', memory: one }],
    ]);
    for (let times = 0; times < 2; times++) {
      const { answer, moved } = ask('secret.2', 'secret.1', 'unknown') ?? {};
      expect([answer?.asked, answer?.memory.map((each) => each?.byteLength), moved]).toEqual([
        7,
        [2, 1, undefined],
        [],
      ]);
      expect([answer?.memory[0] === two, answer?.memory[1] === one]).toEqual([true, true]);
    }
    expect(unrefs()).toBe(1);
  });

  it('that is moved is not the program’s any more, and goes to the first thread that asks', () => {
    const { memory, ask } = shared();
    const [moved, copied] = [new Uint8Array([1, 2, 3]).buffer, new ArrayBuffer(4)];
    const lending = memory.lending([moved]);
    expect([lending?.refer(moved), lending?.refer(moved), lending?.refer(copied)]).toEqual([
      'secret.1',
      'secret.1',
      undefined,
    ]);
    expect(moved.byteLength).toBe(3);
    const kept = lending?.lent();
    expect([moved.byteLength, copied.byteLength, kept]).toEqual([
      0,
      4,
      [{ reference: 'secret.1', memory: expect.any(ArrayBuffer) }],
    ]);
    const first = ask('secret.1', 'unknown');
    expect(first?.answer.memory.map((each) => each && [...new Uint8Array(each)])).toEqual([
      [1, 2, 3],
      undefined,
    ]);
    expect(first?.moved).toEqual([first?.answer.memory[0]]);
    expect(ask('secret.1')).toEqual({ answer: { asked: 7, memory: [undefined] }, moved: [] });
  });
});
