import { setImmediate as wereAsked } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { Gathering } from '../../src/web/gathering.ts';

// What the owners of partitions answer, for the page of the whole. Time is simulated.

/** Servers whose answers come when the test says so. */
function newServers() {
  const clock = { now: 10_000 };
  const asked: string[] = [];
  const answers = new Map<string, (answer: string | Error) => void>();
  const gathering = new Gathering<string>(
    (server) =>
      new Promise((resolve, reject) => {
        asked.push(server);
        answers.set(server, (answer) => {
          if (answer instanceof Error) reject(answer);
          else resolve(answer);
        });
      }),
    () => clock.now,
  );
  const refresh = (...servers: string[]): Promise<void> => gathering.refresh(() => Promise.resolve(servers));
  const answer = (server: string, what: string | Error): void => answers.get(server)?.(what);
  return { clock, asked, gathering, refresh, answer };
}

describe('the answers of several servers', () => {
  it('are there when all of them have answered', async () => {
    const { gathering, refresh, answer } = newServers();
    const round = refresh('a', 'b');
    await wereAsked();
    answer('b', 'of b');
    answer('a', 'of a');
    await round;
    expect([...gathering.answers]).toEqual([
      ['b', { value: 'of b', isAnswering: true, agoMs: 0 }],
      ['a', { value: 'of a', isAnswering: true, agoMs: 0 }],
    ]);
  });

  it('stay, with their age, when a server does not answer any more, and the others go on', async () => {
    const { clock, gathering, refresh, answer } = newServers();
    const first = refresh('a', 'b');
    await wereAsked();
    answer('a', 'a1');
    answer('b', 'b1');
    await first;
    clock.now += 1_500;
    const second = refresh('a', 'b');
    await wereAsked();
    answer('a', 'a2');
    answer('b', new Error('down'));
    await second;
    expect(Object.fromEntries(gathering.answers)).toEqual({
      a: { value: 'a2', isAnswering: true, agoMs: 0 },
      b: { value: 'b1', isAnswering: false, agoMs: 1_500 },
    });
  });

  it('have no value and no age if a server has never answered', async () => {
    const { gathering, refresh, answer } = newServers();
    const round = refresh('b');
    await wereAsked();
    answer('b', new Error('down'));
    await round;
    expect(gathering.answers.get('b')).toEqual({ value: undefined, isAnswering: false, agoMs: undefined });
  });

  it('are asked for once a second, however many look, and once while a server is slow', async () => {
    const { clock, asked, refresh, answer } = newServers();
    const rounds = [refresh('a'), refresh('a')];
    await wereAsked();
    clock.now += 5_000;
    rounds.push(refresh('a'));
    await wereAsked();
    expect(asked).toEqual(['a']);
    answer('a', '1');
    await Promise.all(rounds);
    const next = refresh('a');
    await wereAsked();
    expect(asked).toEqual(['a', 'a']);
    answer('a', '2');
    await next;
    clock.now += 999;
    await refresh('a');
    expect(asked).toEqual(['a', 'a']);
  });

  it('are forgotten with a server that owns nothing any more', async () => {
    const { clock, gathering, refresh, answer } = newServers();
    const first = refresh('a', 'b');
    await wereAsked();
    answer('a', 'a1');
    answer('b', 'b1');
    await first;
    clock.now += 1_000;
    const second = refresh('a');
    await wereAsked();
    answer('a', 'a2');
    await second;
    expect([...gathering.answers.keys()]).toEqual(['a']);
  });

  it('are not kept when nobody has read them for ten seconds', () => {
    const { clock, gathering } = newServers();
    clock.now += 9_999;
    expect(gathering.isRead).toBe(true);
    clock.now += 1;
    expect(gathering.isRead).toBe(false);
    void gathering.answers;
    expect(gathering.isRead).toBe(true);
  });
});
