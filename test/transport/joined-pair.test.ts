import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { joinedPair } from '../../src/transport/joined-pair.ts';

describe('a connection inside of the process', () => {
  it.each([0, 1])('closes at both ends, whichever closes it: end %i', async (at) => {
    const pair = joinedPair();
    const [one, other] = at === 0 ? pair : [pair[1], pair[0]];
    one.destroy();
    await once(one, 'close');
    expect(other.destroyed).toBe(true);
  });

  it('of which one end has closed its sending side still receives', async () => {
    const [near, far] = joinedPair();
    near.end('a');
    expect(String((await once(far, 'data'))[0])).toBe('a');
    far.write('b');
    expect(String((await once(near, 'data'))[0])).toBe('b');
    near.destroy();
  });
});
