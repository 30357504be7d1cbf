import type { Case, Step } from './replay.mjs';

const connect = (on: string): Step => ({ on, do: 'connect' });
const call = (on: string, args: string[], meta: Record<string, string> = {}): Step => ({
  on,
  do: 'call',
  args,
  meta,
});
const numbered = (on: string, request: number, answered: number, args: string[]): Step =>
  call(on, args, { request: String(request), answered: String(answered) });
const close = (on: string): Step => ({ on, do: 'close' });

/** Conversations of sessions (P15) that clients hardly have, without the replies. */
export const BY_HAND: readonly Case[] = [
  {
    name: 'a session begins with the first request, or not at all',
    steps: [
      connect('c1'),
      call('c1', ['use ws', '__default', '', 'no', 'no']),
      call('c1', ['open session', 'too late', '5']),
      call('c1', ['resume session', 'too late']),
      close('c1'),
    ],
  },
  {
    name: 'a session whose secret or grace is wrong',
    steps: ['', 'a'.repeat(256)].flatMap((secret, at) => [
      connect(`c${at}`),
      call(`c${at}`, ['open session', secret, '5']),
      close(`c${at}`),
    ]),
  },
  {
    name: 'a grace that is no number, and one that is too long',
    steps: [
      connect('c1'),
      call('c1', ['open session', 'grace', 'ten']),
      close('c1'),
      connect('c2'),
      call('c2', ['open session', 'grace', '-1']),
      close('c2'),
      connect('c3'),
      call('c3', ['open session', 'grace', '1000000']),
      call('c3', ['end session']),
      close('c3'),
    ],
  },
  {
    name: 'a session that does not exist',
    steps: [connect('c1'), call('c1', ['resume session', 'nobody has said this']), close('c1')],
  },
  {
    name: 'requests that are repeated, and the end of a session',
    steps: [
      connect('c1'),
      call('c1', ['open session', 'repeated', '20']),
      numbered('c1', 1, 0, ['open ws', 'repeated', '', 'no', 'yes']),
      numbered('c1', 2, 1, ['store', 'repeated', 'x', '1', 'once']),
      numbered('c1', 2, 1, ['store', 'repeated', 'x', '1', 'once']),
      numbered('c1', 3, 2, ['list vars', 'repeated']),
      numbered('c1', 4, 3, ['fetchTry', 'repeated', 'x']),
      numbered('c1', 4, 3, ['fetchTry', 'repeated', 'x']),
      numbered('c1', 5, 4, ['fetchTry', 'repeated', 'x']),
      // A refusal is kept as well.
      numbered('c1', 6, 5, ['declare var', 'repeated', 'x', 'lifo']),
      numbered('c1', 6, 5, ['declare var', 'repeated', 'x', 'lifo']),
      close('c1'),
      // What it owns is there while it may come back.
      connect('c2'),
      call('c2', ['use ws', 'repeated', '', 'no', 'no']),
      connect('c3'),
      call('c3', ['resume session', 'repeated']),
      numbered('c3', 7, 6, ['store', 'repeated', 'x', '1', 'more']),
      call('c3', ['end session']),
      close('c3'),
      call('c2', ['use ws', 'repeated', '', 'no', 'no']),
      close('c2'),
    ],
  },
  {
    name: 'a session that is taken up while its connection is open',
    steps: [
      connect('c1'),
      call('c1', ['open session', 'taken up', '20']),
      numbered('c1', 1, 0, ['open ws', 'taken up', '', 'no', 'yes']),
      connect('c2'),
      call('c2', ['resume session', 'taken up']),
      { on: 'c1', do: 'closed' },
      numbered('c2', 1, 0, ['open ws', 'taken up', '', 'no', 'yes']),
      call('c2', ['end session']),
      close('c2'),
    ],
  },
  {
    name: 'a get that waits is withdrawn with its connection, and waits again',
    steps: [
      connect('c1'),
      call('c1', ['open session', 'waits', '20']),
      numbered('c1', 1, 0, ['open ws', 'waits', '', 'no', 'yes']),
      { ...numbered('c1', 2, 1, ['fetch', 'waits', 'x']), do: 'send' },
      close('c1'),
      connect('c2'),
      call('c2', ['use ws', 'waits', '', 'no', 'no']),
      call('c2', ['store', 'waits', 'x', '1', 'first']),
      connect('c3'),
      call('c3', ['resume session', 'waits']),
      numbered('c3', 2, 1, ['fetch', 'waits', 'x']),
      { ...numbered('c3', 3, 2, ['fetch', 'waits', 'x']), do: 'send' },
      call('c2', ['store', 'waits', 'x', '1', 'second']),
      { on: 'c3', do: 'woken' },
      call('c3', ['end session']),
      close('c3'),
      close('c2'),
    ],
  },
];
