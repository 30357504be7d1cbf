/**
 * How a client connects to the server that owns its workspace (D24).
 *
 * - D24.1 It connects to the server of the program, or to another one with the same store that it knows, and asks who owns the
 *   workspace.
 * - D24.2 If it is another server, the client connects there. It moves once at most, so two servers never send it to and fro.
 * - D24.3 If it cannot reach the owner it stays where it is. While there is no owner, or an owner that it has reached before does
 *   not answer, it asks again for some time, because another server is about to be the owner.
 */
import { setup } from 'xstate';
import { rule } from '../rule.ts';

export type OwnerSearchEvent =
  | { type: 'search.begun' }
  /** The server answers. */
  | { type: 'connected' }
  | { type: 'unreachable' }
  /** No other server is known. */
  | { type: 'none.left' }
  /** The server owns the workspace, or does not say who does, or the owner is one that the client does not reach. */
  | { type: 'stays' }
  | { type: 'owner.elsewhere' }
  /** There is no owner, or it has gone. */
  | { type: 'owner.missing' }
  /** It is time to ask again. */
  | { type: 'pause.elapsed' }
  /** The program is not admitted, has closed the connection, or has lost it. */
  | { type: 'attempt.failed' };

export type OwnerSearchCommand =
  | 'connectFirst'
  | 'connectNext'
  | 'askOwner'
  | 'connectOwner'
  | 'pause'
  | 'leaveFormer'
  | 'settle'
  | 'fail';

export const ownerSearchMachine = setup({
  types: { events: {} as OwnerSearchEvent },
  actions: {
    connectFirst: () => undefined,
    connectNext: () => undefined,
    askOwner: () => undefined,
    connectOwner: () => undefined,
    pause: () => undefined,
    leaveFormer: () => undefined,
    settle: () => undefined,
    fail: () => undefined,
    reportUnexpected: () => undefined,
  } satisfies Record<OwnerSearchCommand | 'reportUnexpected', () => void>,
}).createMachine({
  id: 'ownerSearch',
  initial: 'idle',
  on: { '*': { actions: 'reportUnexpected' } },
  states: {
    idle: {
      on: {
        'search.begun': {
          target: 'reachingFirst',
          ...rule('D24.1', 'The client connects to the server of the program.'),
        },
      },
    },
    reachingFirst: {
      entry: 'connectFirst',
      on: {
        connected: { target: 'asking', ...rule('D24.1', 'The server answers, and is asked.') },
        unreachable: {
          target: 'reachingOthers',
          ...rule('D24.1', 'The server cannot be reached. Another one with the same store is as good.'),
        },
        'attempt.failed': { target: 'failed', ...rule('P2', 'The client is not admitted, or has given up.') },
      },
    },
    reachingOthers: {
      entry: 'connectNext',
      on: {
        connected: { target: 'asking', ...rule('D24.1', 'Another server answers, and is asked.') },
        unreachable: {
          actions: 'connectNext',
          ...rule('D24.1', 'This one cannot be reached either, and the next one is tried.'),
        },
        'none.left': {
          target: 'failed',
          ...rule('D24.1', 'No server that the client knows can be reached.'),
        },
      },
    },
    asking: {
      entry: 'askOwner',
      on: {
        stays: { target: 'found', ...rule('D24.1', 'The client is where its requests are carried out.') },
        'owner.elsewhere': { target: 'moving', ...rule('D24.2', 'Another server owns the workspace.') },
        'owner.missing': {
          target: 'pausing',
          ...rule('D24.3', 'Nobody owns the workspace yet, and the client asks again.'),
        },
        'attempt.failed': { target: 'failed', ...rule('D24.1', 'The connection is lost before the reply.') },
      },
    },
    moving: {
      entry: 'connectOwner',
      on: {
        connected: {
          target: 'found',
          actions: 'leaveFormer',
          ...rule('D24.2', 'The client is at the owner, and leaves the other server.'),
        },
        unreachable: {
          target: 'found',
          ...rule('D24.3', 'The client does not reach the owner, and stays where it is.'),
        },
        'owner.missing': {
          target: 'pausing',
          ...rule('D24.3', 'The owner has gone, and the client asks again who is the owner.'),
        },
      },
    },
    pausing: {
      entry: 'pause',
      on: {
        'pause.elapsed': { target: 'asking', ...rule('D24.3', 'Another server may be the owner now.') },
      },
    },
    found: { type: 'final', entry: 'settle' },
    failed: { type: 'final', entry: 'fail' },
  },
});
