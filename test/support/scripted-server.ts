import { setImmediate as endOfTurn } from 'node:timers/promises';
import { Channel } from '../../src/client/connection/channel.ts';
import type { ChannelOptions, ConnectOptions } from '../../src/client/connection/channel-options.ts';
import { NwsConnection } from '../../src/client/connection/connection.ts';
import { KnownServers } from '../../src/client/connection/known-servers.ts';
import { thisHost, type Platform } from '../../src/client/platform.ts';
import { GREETING, OPTIONS, type TermsOptions } from '../../src/wire/handshake.ts';
import { isLong, KEY } from '../../src/wire/names.ts';
import type { Metadata } from '../../src/wire/payload.ts';
import { NO_VALUE, type Status } from '../../src/wire/reply.ts';
import { ManualClock } from './manual-clock.ts';
import { ConnectionPool } from '../../src/client/connection/connection-pool.ts';
import { NetWorkSpace } from '../../src/client/workspace/net-work-space.ts';
import { longReply, ServerLine, shortReply, welcome } from './server-line.ts';

const COUNT_WIDTH = 4;
const LENGTH_WIDTH = 20;
/** The rest of a request has not arrived. */
const MISSING = new Error('more is to come');

/** A request as the server receives it, in Latin-1. */
export interface Asked {
  readonly args: readonly string[];
  readonly metadata: Metadata;
  /** The line on which it came. */
  readonly line: ServerLine;
}

/** What arrives on a line, which may be in pieces. */
class Reader {
  #text = '';
  #at = 0;
  #isGreeted = false;

  /** @returns the requests that are complete now */
  read(line: ServerLine): Asked[] {
    this.#text += line.taken();
    const all: Asked[] = [];
    for (;;) {
      this.#at = 0;
      try {
        const next = this.#isGreeted ? this.#request(line) : this.#greeting();
        this.#text = this.#text.slice(this.#at);
        if (next !== undefined) all.push(next);
      } catch (error) {
        if (error === MISSING) return all;
        throw error;
      }
    }
  }

  #greeting(): undefined {
    const said = this.#take(GREETING.length + OPTIONS.length);
    if (said !== GREETING + OPTIONS) throw new Error(`a client greets with ${said}`);
    this.#dictionary();
    this.#isGreeted = true;
  }

  #request(line: ServerLine): Asked {
    const metadata = this.#dictionary();
    const count = Number(this.#take(COUNT_WIDTH));
    const args = Array.from({ length: count }, () => this.#take(Number(this.#take(LENGTH_WIDTH))));
    return { args, metadata, line };
  }

  #dictionary(): Metadata {
    const text = (): string => this.#take(Number(this.#take(COUNT_WIDTH)));
    const count = Number(this.#take(COUNT_WIDTH));
    return new Map(Array.from({ length: count }, () => [text(), text()] as const));
  }

  #take(length: number): string {
    const text = this.#text.slice(this.#at, this.#at + length);
    if (text.length < length) throw MISSING;
    this.#at += length;
    return text;
  }
}

/** @returns the reply, or undefined if the request waits */
export type Answer = (asked: Asked, at: number) => string | undefined;

/** What a server says that does as it is asked, and has no values. */
export const obliging: Answer = ({ args: [verb = ''] }) => (isLong(verb) ? longReply('') : shortReply());

/** A reply that refuses a request. */
export const refusal = (verb: string, status: Status, reason?: string): string => {
  const metadata = new Map(reason === undefined ? [] : [[KEY.reason, reason]]);
  return isLong(verb) ? longReply('', { ...NO_VALUE, status, metadata }) : shortReply(status, metadata);
};

/** A server in the hands of a test: it records each request, and answers as the test says. */
export class ScriptedServer {
  readonly clock = new ManualClock();
  readonly lines: ServerLine[] = [];
  readonly asked: Asked[] = [];
  answer: Answer;
  /** Whether a connection gets no further than its handshake. */
  isDown = false;
  /** The options with which connections were wanted. */
  readonly wanted: ConnectOptions[] = [];
  readonly #terms: Partial<TermsOptions>;

  constructor(answer: Answer = obliging, terms: Partial<TermsOptions> = {}) {
    this.answer = answer;
    this.#terms = terms;
  }

  /** A connection of a client. */
  async channel(options: ChannelOptions = {}, address = 'ada:8765'): Promise<Channel> {
    const line = new ServerLine();
    const reader = new Reader();
    const opening = Channel.over(line, address, { clock: this.clock, ...options });
    if (this.isDown) line.destroy(Object.assign(new Error('down'), { code: 'ECONNREFUSED' }));
    else line.push(Buffer.from(welcome(this.#terms), 'latin1'));
    const channel = await opening;
    this.lines.push(line);
    line.onWritten = () => {
      for (const asked of reader.read(line)) {
        this.asked.push(asked);
        const reply = this.answer(asked, this.asked.length - 1);
        if (reply !== undefined && !line.destroyed) line.push(Buffer.from(reply, 'latin1'));
      }
    };
    return channel;
  }

  /** A platform whose clock and network are this server's. */
  platform(): Platform {
    let secrets = 0;
    const platform: Platform = {
      ...thisHost,
      clock: this.clock,
      random: () => 0.5,
      secret: () => `secret ${++secrets}`,
      servers: new KnownServers(),
      holdProcess: () => ({ stop: () => undefined }),
      connect: (options) => {
        this.wanted.push(options);
        return NwsConnection.openWith(() => this.channel(), options, platform);
      },
    };
    return platform;
  }

  /** @returns the requests since the last time, each as a text */
  taken(): string[] {
    return this.asked.splice(0).map(({ args, line }) => `${this.lines.indexOf(line)}: ${args.join(' | ')}`);
  }
}

/** Several turns of the event loop: a request, its reply, and what follows from it. */
export async function turns(count = 5): Promise<void> {
  for (let n = 0; n < count; n++) await endOfTurn();
}

/** A workspace on such a server. */
export async function workspaceOn(answer: Answer = obliging, options: ConnectOptions = {}) {
  const server = new ScriptedServer(answer);
  const pool = await ConnectionPool.open(options, server.platform());
  return { server, pool, workspace: new NetWorkSpace(pool, 'w') };
}
