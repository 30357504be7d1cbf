import { expect, test } from 'vitest';
import { OK } from '../support/replies.ts';
import type { Entries, SimulatedClient } from '../support/simulated-client.ts';
import { simulated, type SimulatedServer } from '../support/simulated-server.ts';

/** Seconds. */
export const GRACE = 30;
export const SECRET = 'a secret';

/** A client of a session, whose requests have numbers. */
export class SessionClient {
  #server: SimulatedServer;
  #client: SimulatedClient;
  #number = 0;
  #answered = 0;
  readonly #secret: string;

  constructor(server: SimulatedServer, secret = SECRET) {
    this.#server = server;
    this.#secret = secret;
    this.#client = server.connect();
    expect(this.#client.call(['open session', secret, String(GRACE)])).toMatchObject(OK);
  }

  get client(): SimulatedClient {
    return this.#client;
  }

  /** Sends the next request. */
  send(args: readonly string[], metadata: Entries = {}): void {
    this.#number++;
    this.repeat(args, metadata);
  }

  /** Sends the last request again. */
  repeat(args: readonly string[], metadata: Entries = {}): void {
    this.#client.send(args, {
      ...metadata,
      request: String(this.#number),
      answered: String(this.#answered),
    });
  }

  reply() {
    const reply = this.#client.reply();
    this.#answered = this.#number;
    return reply;
  }

  call(args: readonly string[], metadata: Entries = {}) {
    this.send(args, metadata);
    return this.reply();
  }

  /** Loses its connection, and what was on its way. */
  lose(): void {
    this.#client.disconnect();
  }

  /** Comes back. */
  resume(server = this.#server): void {
    this.#server = server;
    this.#client = server.connect();
    expect(this.#client.call(['resume session', this.#secret])).toMatchObject(OK);
  }
}

/** What may happen to a client of a session: the server it continues on. */
export const LOSSES: readonly [
  what: string,
  lose: (server: SimulatedServer, lost: SessionClient) => SimulatedServer,
][] = [
  [
    'the connection is lost',
    (server, client) => {
      client.lose();
      return server;
    },
  ],
  ['the server crashes', (server) => server.crash()],
  ['the server stops and is started again', (server) => server.stop()],
  ['the older connection is still open', (server) => server],
];

type Lost = (...clients: SessionClient[]) => SimulatedServer;

/**
 * The tests of clients that lose their connection or their server: each continues on the server that `lost` returns, at
 * whose end nothing may be left either.
 */
export const itLoses =
  (lose: (typeof LOSSES)[number][1]) =>
  (name: string, body: (first: SimulatedServer, lost: Lost) => void): void =>
    test(
      name,
      simulated((first) => {
        let last = first;
        body(first, (...clients) => {
          for (const client of clients) if (last === first) last = lose(first, client);
          return last;
        });
        if (last !== first) last.end();
      }),
    );
