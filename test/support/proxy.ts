import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** The first message after which a connection is cut. */
export interface Cut {
  readonly from: 'worker' | 'server';
  readonly says: string;
  /** The message still arrives, and its reply is lost. */
  readonly arrives?: boolean;
}

/** A network between workers and a server that fails on demand; clients that are not workers are not affected. */
export class Proxy implements Disposable {
  /** New connections are cut at once while it is false. */
  isUp = true;
  /** Registrations of workers that arrived. */
  registrations = 0;
  /** Those whose reply arrived, too. */
  answered = 0;
  /** Results that workers sent, whether they arrived or not. */
  results = 0;
  readonly #listener: Server;
  readonly #target: number;
  readonly #workers = new Set<Socket>();
  readonly #cuts: Cut[] = [];

  /** @param target port of the server */
  static async start(target: number): Promise<Proxy> {
    const proxy = new Proxy(target);
    await once(proxy.#listener.listen(0, '127.0.0.1'), 'listening');
    return proxy;
  }

  private constructor(target: number) {
    this.#target = target;
    this.#listener = createServer({ noDelay: true }, (near) => this.#connect(near));
  }

  get address(): { host: string; port: number } {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it listens on a port
    return { host: '127.0.0.1', port: (this.#listener.address() as AddressInfo).port };
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

  #connect(near: Socket): void {
    if (!this.isUp) {
      near.destroy();
      return;
    }
    const far = connect(this.#target, '127.0.0.1');
    let isDeaf = false;
    let isAnswered = false;
    near.on('data', (bytes) => {
      const text = bytes.toString('latin1');
      // A sentinel that requests a rank has a session, too (S19).
      if (text.includes('store') && text.includes('worker_ids') && text.includes('session')) {
        this.registrations++;
        this.#workers.add(near);
      }
      if (this.#workers.has(near) && /store.*result/s.test(text)) this.results++;
      const cut = this.#due('worker', near, text);
      if (cut?.arrives === true) isDeaf = true;
      if (cut === undefined || isDeaf) far.write(bytes);
      else near.destroy();
    });
    far.on('data', (bytes) => {
      if (isDeaf || this.#due('server', near, bytes.toString('latin1')) !== undefined) near.destroy();
      else {
        if (!isAnswered && this.#workers.has(near)) {
          isAnswered = true;
          this.answered++;
        }
        near.write(bytes);
      }
    });
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      one.on('error', () => undefined);
      one.on('end', () => other.end());
      one.on('close', () => {
        this.#workers.delete(near);
        other.destroy();
      });
    }
  }

  #due(from: Cut['from'], near: Socket, text: string): Cut | undefined {
    const [cut] = this.#cuts;
    if (cut?.from !== from || !this.#workers.has(near) || !text.includes(cut.says)) return undefined;
    return this.#cuts.shift();
  }

  [Symbol.dispose](): void {
    this.cut();
    this.#listener.close();
  }
}
