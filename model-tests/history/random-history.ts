import type { Operation } from '../../src/verify/history/operation.ts';
import type { Random } from '../world/random.ts';
import type { ReferenceMode } from './reference.ts';

const VERBS = ['fetch', 'find', 'fetchTry', 'findTry'] as const;

/** A few operations with random times and random replies, most of them wrong: for comparing two checkers. */
export function randomHistory(
  mode: ReferenceMode,
  random: Random,
  size: number,
  pending: boolean,
): Operation[] {
  const operations: Operation[] = [declaration(mode)];
  const values: string[] = [];
  for (let n = 0; n < size; n++) {
    const invoked = random.whole(1, 3 * size);
    const hasReply = !pending || random.chance(0.8);
    const replied = invoked + random.whole(1, 2 * size) + 0.5;
    const common = { who: `client ${n}`, workspace: 'w', variable: 'v', invoked };
    if (values.length === 0 || random.chance(0.4)) {
      const value = `${values.length}`;
      values.push(value);
      operations.push({
        ...common,
        verb: 'store',
        value,
        ...(hasReply && { replied, reply: { status: '0000' } }),
      });
      continue;
    }
    const verb = random.pick(...VERBS);
    const isMiss = verb.endsWith('Try') && random.chance(0.4);
    const value = String(random.whole(0, values.length - 1));
    const reply = isMiss ? { status: '0001', reason: 'no value available' } : { status: '0000', value };
    operations.push({ ...common, verb, ...(hasReply && { replied, reply }) });
  }
  return operations;
}

export const declaration = (mode: string): Operation => ({
  who: 'first',
  verb: 'declare var',
  workspace: 'w',
  variable: 'v',
  value: mode,
  invoked: 0,
  replied: 0.5,
  reply: { status: '0000' },
});
