/** A sentinel beside the master, so that neither a busy nor a dead master harms the watch over its workers. */
import type { ChildKind } from './child.ts';
import { claimed } from './claimed.ts';
import { parentOf } from './parent.ts';
import { enter, type Place } from './place.ts';
import { Sentinel, type SentinelOptions } from './sentinel.ts';

/** What it is to do: its first message. */
export type SentinelOrder = Omit<SentinelOptions, 'onDeath'> & {
  readonly kind: ChildKind;
  readonly place?: Place | undefined;
};

/** What it tells its parent. */
export type SentinelMessage =
  | { readonly type: 'started' }
  | { readonly type: 'failed'; readonly message: string }
  | { readonly type: 'death'; readonly rank: number; readonly how: string };

let sentinel: Sentinel | undefined;
let isStarting = true;
let isLeaving = false;

const parent = parentOf(() => void leave());
parent.onMessage((order) => void start(claimed<SentinelOrder>(order)));

const tell = (message: SentinelMessage): void => parent.send(message);

async function start(order: SentinelOrder): Promise<void> {
  try {
    enter(order.place ?? {});
    const onDeath = (rank: number, how: string): void => tell({ type: 'death', rank, how });
    sentinel = await Sentinel.start({ ...order, onDeath });
  } catch (error) {
    tell({ type: 'failed', message: error instanceof Error ? error.message : String(error) });
    isStarting = false;
    // Whoever is told ends this program.
    if (isLeaving) await leave();
    return;
  }
  isStarting = false;
  if (isLeaving) return leave();
  tell({ type: 'started' });
  await sentinel.gone;
  process.exit();
}

/** With all workers. One that was still starting them ends when it has. */
async function leave(): Promise<void> {
  isLeaving = true;
  if (isStarting) return;
  await sentinel?.end();
  process.exit();
}
