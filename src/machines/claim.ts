/**
 * A server of several with one store: whether it owns the data, or another server does.
 *
 * - D11 A server claims the data when nobody has, or when the lease of the owner is over by the clock of the store. Of several
 *   servers that claim it at the same time one gets it.
 * - D12 A server that does not own the data stands by, and forwards its clients to the owner.
 * - D9 A server that has lost the data drops everything that it has in memory, sends nothing that waits to become durable,
 *   and stands by.
 */
import { setup } from 'xstate';
import { unbound } from './bind.ts';
import { rule } from './rule.ts';

export type ClaimEvent =
  | { type: 'look.due' }
  /** Another server owns the data. */
  | { type: 'lease.held' }
  /** Nobody owns the data, or the lease of its owner is over. */
  | { type: 'lease.over' }
  | { type: 'store.unreachable' }
  | { type: 'claim.won' }
  | { type: 'claim.lost' }
  | { type: 'loaded' }
  /** Another server has claimed the data. */
  | { type: 'fenced' }
  /** The data cannot be loaded, or not made durable any more. */
  | { type: 'store.failed' }
  | { type: 'dropped' }
  | { type: 'stop.asked' };

const STOP = {
  target: 'stopped',
  ...rule('D12', 'The server stops, and no longer claims the data.'),
} as const;
const OVER = { target: 'claiming', ...rule('D11', 'Nobody owns the data.') } as const;
const AGAIN = { actions: 'look', ...rule('D11', 'The server looks again who owns the data.') } as const;
const FENCED = { target: 'leaving', ...rule('D9', 'Another server has claimed the data.') } as const;
const FAILED = { target: 'failed', ...rule('D6', 'The server cannot go on with the store.') } as const;

export const claimMachine = setup({
  types: { events: {} as ClaimEvent },
  actions: unbound(
    'look',
    'lookLater',
    'forwardClients',
    'holdClients',
    'claim',
    'load',
    'serveClients',
    'dropData',
    'release',
    'reportUnexpected',
  ),
}).createMachine({
  id: 'claim',
  initial: 'looking',
  on: { '*': { actions: 'reportUnexpected' } },
  states: {
    looking: {
      entry: ['holdClients', 'look'],
      on: {
        'lease.over': OVER,
        'lease.held': { target: 'standingBy', ...rule('D12', 'Another server owns the data.') },
        'store.unreachable': { actions: 'lookLater', ...rule('D11', 'The store cannot be asked yet.') },
        'look.due': AGAIN,
        'stop.asked': STOP,
      },
    },
    standingBy: {
      entry: ['forwardClients', 'lookLater'],
      on: {
        'look.due': AGAIN,
        'lease.held': {
          actions: ['forwardClients', 'lookLater'],
          ...rule('D12', 'Another server still owns the data, or owns it now.'),
        },
        'lease.over': OVER,
        'store.unreachable': { actions: 'lookLater', ...rule('D12', 'Clients are forwarded as before.') },
        'stop.asked': STOP,
      },
    },
    claiming: {
      entry: ['holdClients', 'claim'],
      on: {
        'claim.won': { target: 'loading', ...rule('D11', 'This server owns the data.') },
        'claim.lost': { target: 'looking', ...rule('D11', 'Another server was faster.') },
        'store.unreachable': {
          target: 'looking',
          ...rule('D11', 'It is not known whether the data was claimed. The server looks again.'),
        },
        'stop.asked': STOP,
      },
    },
    loading: {
      entry: 'load',
      on: {
        loaded: { target: 'owning', ...rule('D4', 'Everything that was durable is there.') },
        fenced: FENCED,
        'store.unreachable': {
          target: 'looking',
          ...rule('D11', 'The store was lost while the data was loaded. The server looks again.'),
        },
        'store.failed': FAILED,
        'stop.asked': STOP,
      },
    },
    owning: {
      entry: 'serveClients',
      on: { fenced: FENCED, 'store.failed': FAILED, 'stop.asked': STOP },
    },
    leaving: {
      entry: ['holdClients', 'dropData'],
      on: {
        dropped: { target: 'looking', ...rule('D9', 'Nothing of the data is left in memory.') },
        fenced: rule('D9', 'The server knows that already.'),
        'store.failed': rule('D9', 'Another server owns the data already.'),
        'stop.asked': STOP,
      },
    },
    stopped: { type: 'final', entry: 'release' },
    failed: { type: 'final', entry: 'release' },
  },
});
