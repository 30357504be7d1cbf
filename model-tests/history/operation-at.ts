import type { Operation } from '../../src/verify/history/operation.ts';

/** An operation that is answered at once. */
export const operationAt = (invoked: number, who: string, verb: string, value = ''): Operation => ({
  who,
  verb,
  workspace: 'w',
  variable: 'v',
  ...(verb === 'store' && { value }),
  invoked,
  replied: invoked + 1,
  reply: verb === 'store' ? { status: '0000' } : { status: '0000', value },
});
