import type { Socket } from 'node:net';
import { TcpProxy, type Passage } from '../../src/verify/tcp-proxy.ts';

/** The first message after which a connection is cut. */
export interface Cut {
  readonly from: 'worker' | 'server';
  readonly says: string;
  /** The message still arrives, and its reply is lost. */
  readonly arrives?: boolean;
}

/** A network between workers and a server that fails on demand; clients that are not workers are not affected. */
export class Proxy extends TcpProxy {
  /** New connections are cut at once while it is false. */
  isUp = true;
  /** Registrations of workers that arrived. */
  registrations = 0;
  /** Those whose reply arrived, too. */
  answered = 0;
  /** Results that workers sent, whether they arrived or not. */
  results = 0;
  readonly #workers = new Set<Socket>();
  readonly #cuts: Cut[] = [];

  /** @param port of the server */
  static async start(port: number): Promise<Proxy> {
    return new Proxy(() => ({ host: '127.0.0.1', port })).listening();
  }

  /** Cuts, once, the next connection of a worker on which this happens. */
  cutAt(...cuts: readonly Cut[]): void {
    this.#cuts.push(...cuts);
  }

  /** Pending cuts. */
  get cutsLeft(): number {
    return this.#cuts.length;
  }

  /** Cuts all connections of workers. */
  cut(): void {
    for (const near of this.#workers) near.destroy();
  }

  protected override passage(near: Socket): Passage {
    if (!this.isUp) near.destroy();
    let isDeaf = false;
    let isAnswered = false;
    return {
      sent: (bytes, forward) => {
        const text = bytes.toString('latin1');
        // A sentinel that requests a rank has a session, too (S19).
        if (text.includes('store') && text.includes('worker_ids') && text.includes('session')) {
          this.registrations++;
          this.#workers.add(near);
        }
        if (this.#workers.has(near) && /store.*result/s.test(text)) this.results++;
        const cut = this.#due('worker', near, text);
        if (cut?.arrives === true) isDeaf = true;
        if (cut === undefined || isDeaf) forward(bytes);
        else near.destroy();
      },
      received: (bytes, forward) => {
        if (isDeaf || this.#due('server', near, bytes.toString('latin1')) !== undefined) {
          near.destroy();
          return;
        }
        if (!isAnswered && this.#workers.has(near)) {
          isAnswered = true;
          this.answered++;
        }
        forward(bytes);
      },
      closed: () => this.#workers.delete(near),
    };
  }

  #due(from: Cut['from'], near: Socket, text: string): Cut | undefined {
    const [cut] = this.#cuts;
    if (cut?.from !== from || !this.#workers.has(near) || !text.includes(cut.says)) return undefined;
    return this.#cuts.shift();
  }
}
