import type { Socket } from 'node:net';
import { Link } from '../../src/cluster/link.ts';
import { Partition } from '../../src/cluster/partition.ts';
import { PostgresStore } from '../../src/cluster/postgres-store.ts';
import { prepareTables } from '../../src/cluster/schema.ts';
import type { Entity } from '../../src/store/change.ts';
import type { Store } from '../../src/store/store.ts';
import { TcpProxy, type Passage } from '../../src/verify/tcp-proxy.ts';

/** @param leaseMs of its claim, in milliseconds */
export async function sharedStore(url: string, name = 'a', leaseMs = 60_000): Promise<PostgresStore> {
  const link = new Link({ url, name, isUnsafe: true });
  await prepareTables(link, { partitions: 1 });
  const member = { name, address: `${name}:1`, link: `${name}:2` };
  return new PostgresStore(link, new Partition(link, 0, leaseMs), member);
}

export async function entitiesOf(store: Store): Promise<readonly Entity[]> {
  const all: Entity[] = [];
  for await (const portion of store.load()) all.push(...portion);
  return all;
}

/** What becomes of the next statement: it is lost on the way, or it is carried out and its answer is lost. */
export type Loss = 'request' | 'answer';

/** A network between a server and PostgreSQL that loses commits, or other statements, on demand. */
export class LossyNetwork extends TcpProxy {
  /** What is lost next, one after the other. */
  readonly losses: Loss[] = [];
  /** Whether new connections are impossible. */
  isDown = false;
  /** Whether they are when nothing more is to be lost. */
  goesDown = false;
  /** The names of the statements that it loses, separated by `|`. */
  loses = 'write|clear|barrier';

  static async before(port: number): Promise<LossyNetwork> {
    return new LossyNetwork(() => ({ host: '127.0.0.1', port })).listening();
  }

  /** The address of the database behind it. */
  get url(): string {
    return `postgres://sleigh@${this.host}:${this.port}/postgres`;
  }

  protected override passage(near: Socket): Passage {
    if (this.isDown) near.destroy();
    let isDeaf = false;
    return {
      sent: (bytes, forward) => {
        const isLosable = new RegExp(`\0(${this.loses})\0`).test(bytes.toString('latin1'));
        const loss = isLosable ? this.losses.shift() : undefined;
        this.isDown ||= this.goesDown && loss !== undefined && this.losses.length === 0;
        if (loss === 'request') near.destroy();
        else forward(bytes);
        isDeaf ||= loss === 'answer';
      },
      received: (bytes, forward) => {
        if (isDeaf) near.destroy();
        else forward(bytes);
      },
    };
  }
}
