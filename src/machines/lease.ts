/**
 * The lease of a server that owns the data of a store that several servers share.
 *
 * - D11 The owner renews its lease three times while it is valid. The lease says when another server may claim the data, and
 *   nothing else: an owner whose lease is over goes on if nobody has claimed the data.
 * - D9 A renewal under an old epoch is refused. Then another server has claimed the data.
 */
import { setup } from 'xstate';
import { unbound } from './bind.ts';
import { rule } from './rule.ts';

export type LeaseEvent =
  | { type: 'renewal.due' }
  | { type: 'renewed' }
  /** The epoch in the store is another one. */
  | { type: 'renewal.refused' }
  /** Whether the time of the lease has passed since it was last renewed. */
  | { type: 'store.unreachable'; isOver: boolean }
  | { type: 'released' };

const DUE = { target: 'renewing', ...rule('D11', 'The lease is renewed.') } as const;
const RENEWED = { target: 'valid', ...rule('D11', 'The lease is valid for its whole time again.') } as const;
const LOST = { target: 'lost', ...rule('D9', 'Another server has claimed the data.') } as const;
const RELEASED = { target: 'ended', ...rule('D11', 'The server gives the data up.') } as const;

export const leaseMachine = setup({
  types: { events: {} as LeaseEvent },
  guards: { isOver: ({ event }) => event.type === 'store.unreachable' && event.isOver },
  actions: unbound('renew', 'renewInTime', 'renewSoon', 'reportOver', 'reportFenced', 'reportUnexpected'),
}).createMachine({
  id: 'lease',
  initial: 'valid',
  on: { '*': { actions: 'reportUnexpected' } },
  states: {
    valid: {
      entry: 'renewInTime',
      on: { 'renewal.due': DUE, released: RELEASED },
    },
    renewing: {
      entry: 'renew',
      on: {
        renewed: RENEWED,
        'renewal.refused': LOST,
        'store.unreachable': [
          {
            guard: 'isOver',
            target: 'over',
            ...rule('D11', 'Another server may claim the data from now on.'),
          },
          { target: 'late', ...rule('D11', 'The store cannot be asked yet.') },
        ],
        released: RELEASED,
      },
    },
    late: { entry: 'renewSoon', on: { 'renewal.due': DUE, released: RELEASED } },
    over: {
      entry: ['reportOver', 'renewSoon'],
      on: {
        'renewal.due': { actions: 'renew', ...rule('D11', 'The lease is renewed.') },
        'store.unreachable': { actions: 'renewSoon', ...rule('D11', 'The store cannot be asked yet.') },
        renewed: RENEWED,
        'renewal.refused': LOST,
        released: RELEASED,
      },
    },
    lost: { type: 'final', entry: 'reportFenced' },
    ended: { type: 'final' },
  },
});
