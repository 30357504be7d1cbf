/**
 * A sentinel in a process beside the master, so that it supervises its workers even if the master is busy or has
 * died.
 */
import { reasonOf } from '../../wire/error-kind.ts';
import type { MemoryPort } from '../worker/worker-link.ts';
import type { ChildKind } from './child.ts';
import { unsafeCast } from '../unsafe-cast.ts';
import { parentOf } from './parent.ts';
import { enter, type Place } from './place.ts';
import { Sentinel, type SentinelOrder } from './sentinel.ts';

/** Its order, which is its first message. */
export type SentinelProgramOrder = SentinelOrder & {
  readonly kind: ChildKind;
  readonly place?: Place | undefined;
};

/** The messages to its parent. */
export type SentinelMessage =
  | { readonly type: 'started' }
  | { readonly type: 'failed'; readonly message: string }
  | { readonly type: 'death'; readonly rank: number; readonly how: string }
  | { readonly type: 'output'; readonly text: string }
  | { readonly type: 'gone'; readonly reason: string }
  | MemoryPort;

let sentinel: Sentinel | undefined;
let isStarting = true;
let isLeaving = false;

const parent = parentOf(() => void leave());
parent.onMessage((order) => void start(unsafeCast<SentinelProgramOrder>(order)));

const send = (message: SentinelMessage): Promise<void> => parent.send(message);

async function start(order: SentinelProgramOrder): Promise<void> {
  try {
    enter(order.place ?? {});
    sentinel = await Sentinel.start({
      ...order,
      onDeath: (rank, how) => void send({ type: 'death', rank, how }),
      onOutput: (text) => send({ type: 'output', text }),
    });
  } catch (error) {
    await send({ type: 'failed', message: reasonOf(error) });
    isStarting = false;
    // The parent ends this program.
    if (isLeaving) await leave();
    return;
  }
  isStarting = false;
  if (isLeaving) return leave();
  await send({ type: 'started' });
  await end(sentinel);
}

/** Ends with all workers. If it was still starting them, it ends after that. */
async function leave(): Promise<void> {
  isLeaving = true;
  if (isStarting) return;
  if (sentinel === undefined) process.exit();
  void sentinel.end();
  await end(sentinel);
}

async function end({ gone }: Sentinel): Promise<void> {
  await send({ type: 'gone', reason: await gone });
  process.exit();
}
