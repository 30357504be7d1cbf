/**
 * A partition of the data, from the side of one server of several with one store: whether this server owns the partition, or another
 * one does.
 *
 * - D11 A server claims a partition when nobody has, or when the lease of the owner is over by the clock of the store. Of several
 *   servers that claim it at the same time one gets it.
 * - D12 A server that does not own a partition forwards clients that need it to the owner.
 * - D9 A server that has lost a partition drops everything of it that it has in memory, sends nothing that waits to become
 *   durable, and stands by.
 * - D19 A server leaves a partition without an owner to a server that has fewer, and gives up one that another should have.
 * - D23 A server that cannot use the data of a partition gives that partition up, and goes on with the others.
 */
import { setup } from 'xstate';
import { unbound } from './bind.ts';
import { rule } from './rule.ts';

export type ClaimEvent =
  | { type: 'look.due' }
  /** Another server owns the partition. */
  | { type: 'lease.held' }
  /** Nobody owns the partition, or the lease of its owner is over. It is due if this server is to claim it now. */
  | { type: 'lease.over'; isDue: boolean }
  | { type: 'store.unreachable' }
  | { type: 'claim.won' }
  | { type: 'claim.lost' }
  | { type: 'loaded' }
  /** Another server should own the partition. */
  | { type: 'surplus' }
  /** The core has stopped because a client has asked for it. */
  | { type: 'core.stopped' }
  /** Another server has claimed the partition. */
  | { type: 'fenced' }
  /** This server cannot take up the data, or the store refuses a change of it for what it contains. */
  | { type: 'data.unusable' }
  /** Nothing can be made durable any more. */
  | { type: 'store.failed' }
  | { type: 'dropped' }
  | { type: 'stop.asked' };

const STOP = {
  target: 'stopped',
  ...rule('D12', 'The server stops, and no longer claims the data.'),
} as const;
const DUE = { guard: 'isDue', target: 'claiming', ...rule('D11', 'Nobody owns the partition.') } as const;
const NOT_DUE = {
  target: 'unowned',
  ...rule('D19', 'Nobody owns the partition, and another server is to claim it.'),
} as const;
const HELD = { target: 'standingBy', ...rule('D12', 'Another server owns the partition.') } as const;
const AGAIN = { actions: 'look', ...rule('D11', 'The server looks again who owns the partition.') } as const;
const FENCED = { target: 'leaving', ...rule('D9', 'Another server has claimed the partition.') } as const;
const UNUSABLE = {
  target: 'leaving',
  actions: 'noteFailure',
  ...rule('D23', 'The server cannot use the data of the partition, and gives it up.'),
} as const;
const FAILED = { target: 'failed', ...rule('D6', 'The server cannot go on with the store.') } as const;

export const claimMachine = setup({
  types: { events: {} as ClaimEvent },
  guards: { isDue: ({ event }) => event.type === 'lease.over' && event.isDue },
  actions: unbound(
    'look',
    'lookLater',
    'forwardClients',
    'holdClients',
    'claim',
    'load',
    'serveClients',
    'noteFailure',
    'dropData',
    'handOver',
    'stopServer',
    'release',
    'reportUnexpected',
  ),
}).createMachine({
  id: 'claim',
  initial: 'looking',
  on: {
    surplus: rule('D19', 'Only a partition that is served is given up.'),
    '*': { actions: 'reportUnexpected' },
  },
  states: {
    looking: {
      entry: ['holdClients', 'look'],
      on: {
        'lease.over': [DUE, NOT_DUE],
        'lease.held': HELD,
        'store.unreachable': { actions: 'lookLater', ...rule('D11', 'The store cannot be asked yet.') },
        'look.due': AGAIN,
        'stop.asked': STOP,
      },
    },
    unowned: {
      entry: 'lookLater',
      on: {
        'look.due': AGAIN,
        'lease.over': [
          DUE,
          {
            actions: 'lookLater',
            ...rule('D19', 'The server that is to claim the partition has not done it.'),
          },
        ],
        'lease.held': HELD,
        'store.unreachable': { actions: 'lookLater', ...rule('D11', 'The store cannot be asked yet.') },
        'stop.asked': STOP,
      },
    },
    standingBy: {
      entry: ['forwardClients', 'lookLater'],
      on: {
        'look.due': AGAIN,
        'lease.held': {
          actions: ['forwardClients', 'lookLater'],
          ...rule('D12', 'Another server still owns the partition, or owns it now.'),
        },
        'lease.over': [DUE, { ...NOT_DUE, actions: 'holdClients' }],
        'store.unreachable': { actions: 'lookLater', ...rule('D12', 'Clients are forwarded as before.') },
        'stop.asked': STOP,
      },
    },
    claiming: {
      entry: ['holdClients', 'claim'],
      on: {
        'claim.won': { target: 'loading', ...rule('D11', 'This server owns the partition.') },
        'claim.lost': { target: 'looking', ...rule('D11', 'Another server was faster.') },
        'store.unreachable': {
          target: 'unowned',
          ...rule('D11', 'It is not known whether the partition was claimed. The server looks again later.'),
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
          target: 'unowned',
          ...rule('D11', 'The store was lost while the data was loaded. The server looks again later.'),
        },
        'data.unusable': UNUSABLE,
        'store.failed': FAILED,
        'stop.asked': STOP,
      },
    },
    owning: {
      entry: 'serveClients',
      on: {
        fenced: FENCED,
        'data.unusable': UNUSABLE,
        'store.failed': FAILED,
        'stop.asked': STOP,
        surplus: { target: 'handingOver', ...rule('D19', 'Another server should own the partition.') },
        'core.stopped': { actions: 'stopServer', ...rule('P3', 'A client stops the whole server.') },
      },
    },
    handingOver: {
      entry: 'handOver',
      on: {
        dropped: { target: 'looking', ...rule('D19', 'Another server may claim the partition at once.') },
        fenced: rule('D9', 'Another server has claimed the partition already.'),
        'data.unusable': {
          actions: 'noteFailure',
          ...rule('D23', 'What was begun cannot become durable. The server gives the partition up anyway.'),
        },
        'store.failed': FAILED,
        'stop.asked': STOP,
        'core.stopped': rule('D19', 'The core has stopped, because the partition is given up.'),
      },
    },
    leaving: {
      entry: ['holdClients', 'dropData'],
      on: {
        dropped: { target: 'looking', ...rule('D9', 'Nothing of the partition is left in memory.') },
        fenced: rule('D9', 'The server knows that already.'),
        'data.unusable': rule('D9', 'Another server owns the partition already.'),
        'store.failed': rule('D9', 'Another server owns the partition already.'),
        'stop.asked': STOP,
      },
    },
    stopped: { type: 'final', entry: 'release' },
    failed: { type: 'final', entry: 'release' },
  },
});
