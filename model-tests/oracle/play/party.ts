import { setImmediate as turn } from 'node:timers/promises';
import { encodeRequest } from '../../../src/wire/request.ts';
import { Client } from '../model/client.ts';
import type { SentReply } from '../model/replies.ts';
import { RING, type Variable } from '../model/variable.ts';
import type { Request, ServerModel } from '../model/workspaces.ts';
import { actionOf, kindOf, placeName, type Places } from './actions.ts';
import { differences, Identities } from './compare.ts';
import { OracleSession, unlike, type Repetition } from './session.ts';
import { CLIENTS, type Step } from './steps.ts';
import { StoredServer } from './stored-server.ts';
import { BOTH_WAYS, type Handshake, type Reply } from '../../../src/verify/client-codec.ts';
import { ProtocolClient } from '../../../src/verify/protocol-client.ts';

/** One client of the real server, and the model's knowledge of it. */
interface Guest {
  readonly tcp: ProtocolClient;
  readonly client: Client;
  readonly places: Places;
  /** The order in which clients have connected. */
  readonly arrival: number;
  /** Its waiting request. */
  verb: string;
  request: Request | undefined;
  /** Undefined for a client that goes with its connection. */
  readonly session: OracleSession | undefined;
}

/** A workspace whose barrier has every client as a member, so that a witness sees who is connected (V12). */
const WITNESS = '~witness';
const HANDSHAKES: Handshake[] = [BOTH_WAYS, BOTH_WAYS, BOTH_WAYS, BOTH_WAYS, '2222', '0000'];
/** Those who say a session (P15), with metadata in both directions. */
const WITH_SESSION: ReadonlySet<number> = new Set([1, 3]);
/** One in so many requests of a session loses its connection before its reply has come. */
const CUT_ONE_IN = 5;
/** The shortest request that is refused. When its reply arrives, everything sent in the same piece has been read. */
const PROBE = 'are you there';

/** The number of requests that all parties have sent to real servers. */
export const sent = { requests: 0 };

/** A real server over TCP, its clients, and the model that determines the replies to them. */
export class Party {
  readonly model: ServerModel;
  #server: StoredServer;
  #witness: ProtocolClient;
  readonly #guests: Guest[] = [];
  readonly #identities = new Identities();
  readonly #patience: number;
  #values = 0;
  #arrivals = 0;

  private constructor(server: StoredServer, witness: ProtocolClient, model: ServerModel, patience: number) {
    this.#patience = patience;
    this.#server = server;
    this.#witness = witness;
    this.model = model;
  }

  static async open(model: ServerModel, patience: number): Promise<Party> {
    const server = await StoredServer.start({ limits: { longValueBytes: 8_000, ...RING } });
    const witness = await ProtocolClient.ready(server);
    const party = new Party(server, witness, model, patience);
    await party.#gather();
    return party;
  }

  /** Everybody connects. */
  async #gather(): Promise<void> {
    await this.#ask(this.#witness, 'open ws', WITNESS, '', 'no');
    await this.#ask(this.#witness, 'declare var', WITNESS, 'here', '__barrier');
    for (let n = 0; n < CLIENTS; n++) {
      const guest = this.#guests[n];
      if (guest?.session === undefined) this.#guests[n] = await this.#welcome(n);
      else await this.#resume(n, guest, true);
    }
  }

  async #welcome(n: number): Promise<Guest> {
    const tcp = await ProtocolClient.ready(this.#server, HANDSHAKES[n]);
    const session = WITH_SESSION.has(n) ? new OracleSession() : undefined;
    await session?.open(tcp);
    await this.#appear(tcp);
    return {
      tcp,
      session,
      client: new Client(tcp.peer, session !== undefined),
      places: new Map(),
      arrival: this.#arrivals++,
      verb: '',
      request: undefined,
    };
  }

  /** The witness can see the client. */
  async #appear(tcp: ProtocolClient): Promise<void> {
    await this.#ask(tcp, 'use ws', WITNESS, '', 'no');
    await this.#ask(tcp, 'store', WITNESS, 'here', '1', '');
  }

  /**
   * P15.2: a client whose connection was lost, or is lost now, comes back with its session, and repeats its last request.
   * @param hasCrashed whether the server is another one
   */
  async #resume(n: number, { tcp: older, ...guest }: Guest, hasCrashed: boolean): Promise<void> {
    const { session, client } = guest;
    if (session === undefined) throw new Error(`client ${n} has no session`);
    const tcp = await ProtocolClient.ready(this.#server);
    await session.resume(tcp);
    await older.ended(this.#patience);
    if (hasCrashed) await this.#appear(tcp);
    const back = { ...guest, tcp };
    this.#guests[n] = back;
    await this.#repeat(back, session.repetition(hasCrashed, this.#concernsBarrier(client, session)));
  }

  #concernsBarrier({ references }: Client, { last }: OracleSession): boolean {
    const [workspace = '', variable = ''] = last?.request.args ?? [];
    return references.get(workspace)?.variables.get(variable)?.mode === '__barrier';
  }

  /** P15.1. */
  async #repeat(guest: Guest, how: Repetition): Promise<void> {
    const { tcp, session, client } = guest;
    if (session?.last === undefined || how === 'unknown') return;
    const { request, bytes, got } = session.last;
    if (how === 'again') return this.#carryOut(guest, request, bytes);
    tcp.write(bytes);
    const wrong = unlike(got, await tcp.reply(request.verb, this.#patience));
    if (wrong !== undefined) throw new Error(`client ${this.#guests.indexOf(guest)}: ${wrong}`);
    client.isBlocked = false;
  }

  async #ask(tcp: ProtocolClient, verb: string, ...args: string[]): Promise<Reply> {
    tcp.write(tcp.encode([verb, ...args]));
    return tcp.reply(verb, this.#patience);
  }

  #guest(n: number): Guest {
    const guest = this.#guests[n];
    if (guest === undefined) throw new Error(`there is no client ${n}`);
    return guest;
  }

  canPlay(step: Step): boolean {
    if (step.do === 'vanish' || step.do === 'crash') return true;
    return this.#guest(step.client).client.isBlocked === (step.do === 'overrun');
  }

  /** The steps so far, for people. */
  readonly script: string[] = [];

  async play(step: Step): Promise<void> {
    const { script } = this;
    const opening = this.#opening(step, this.#guest(step.client));
    if (opening !== undefined) {
      script.push(this.#describe(step.client, opening));
      await this.#request(this.#guest(step.client), opening);
    }
    const guest = this.#guest(step.client);
    const action = actionOf(step, `v${++this.#values}`, this.model, guest);
    if (action.do === 'request') {
      script.push(this.#describe(step.client, action.request));
      await this.#request(guest, action.request);
    } else if (action.do === 'crash') {
      script.push('the server crashes');
      await this.#crash();
    } else {
      script.push(`client ${step.client}: ${action.do}${action.do === 'vanish' ? ` (${action.how})` : ''}`);
      if (action.do === 'overrun') await this.#overrun(guest);
      else if (await this.#outlasts(step.client, guest, action.how)) return this.#nothingElse();
      else await this.#vanish(guest, action.how);
      this.#guests[step.client] = await this.#welcome(step.client);
    }
    await this.#nothingElse();
  }

  #describe(n: number, { verb, args, metadata, after }: Request): string {
    const shown = args.map((arg) => (arg.length > 20 ? `${arg.slice(0, 4)}… (${arg.length})` : arg));
    const where = after && { after: after.index, of: after.variable?.name ?? 'a stranger' };
    return `client ${n}: ${JSON.stringify([verb, ...shown])} ${JSON.stringify({ ...metadata, ...where })}`;
  }

  /** A client opens a workspace before it uses it, except in steps that test an unopened workspace. */
  #opening(step: Step, { client }: Guest): Request | undefined {
    if (!('workspace' in step) || step.workspace === undefined) return undefined;
    if (['open', 'delete ws', 'list wss'].includes(step.do)) return undefined;
    const { workspace } = step;
    if (client.references.get(workspace)?.deleted === false) return undefined;
    return { verb: 'use ws', args: [workspace, '', 'no'], metadata: kindOf(workspace) };
  }

  async #request(guest: Guest, request: Request): Promise<void> {
    const { session } = guest;
    const numbers = session?.next();
    const bytes = this.#encode(guest, { ...request, metadata: { ...request.metadata, ...numbers } });
    session?.sent(request, bytes);
    // The period of a delay goes on without the client (S5).
    const isCut = this.#values % CUT_ONE_IN === 0 && request.metadata?.['delay'] === undefined;
    if (session === undefined || !isCut) return this.#carryOut(guest, request, bytes);
    // It is carried out once, whether the server reads it now or only when it is repeated.
    this.script.push('  and loses its connection');
    guest.tcp.write(bytes);
    guest.tcp.reset();
    await this.#resume(this.#guests.indexOf(guest), guest, false);
  }

  /** Sends a request that is carried out now, and hears what the model says. */
  async #carryOut(guest: Guest, request: Request, bytes: string): Promise<void> {
    const { tcp, client } = guest;
    const seen = tcp.getsMetadata ? request : { ...request, metadata: {} };
    guest.verb = request.verb;
    guest.request = request;
    const replies = this.model.request(client, seen);
    const waits = !replies.some((one) => one.client === client);
    sent.requests++;
    if (waits) {
      tcp.write(tcp.encode([PROBE]) + bytes);
      await tcp.reply(PROBE, this.#patience);
    } else this.#writeInPieces(tcp, bytes);
    await this.#hear(replies);
    if (seen.metadata?.['delay'] === '0') await this.#hear(this.model.elapse());
  }

  /** Clients send in many small segments, in normal use. */
  #writeInPieces(tcp: ProtocolClient, bytes: string): void {
    const cut = (this.#values * 7) % (bytes.length + 1);
    tcp.write(bytes.slice(0, cut));
    tcp.write(bytes.slice(cut));
  }

  #encode({ tcp }: Guest, { verb, args, metadata = {}, after }: Request): string {
    const cookie =
      after === undefined
        ? []
        : [this.#identities.idOf(after.variable), after.index === undefined ? '' : String(after.index)];
    return tcp.encode([verb, ...args, ...cookie], metadata);
  }

  /** Checks that each client gets the expected reply. */
  async #hear(replies: SentReply[]): Promise<void> {
    for (const { client, reply } of replies) {
      const n = this.#guests.findIndex((guest) => guest.client === client);
      const guest = this.#guest(n);
      const got = await guest.tcp.reply(guest.verb, this.#patience).catch((cause: unknown) => {
        throw new Error(`client ${n} is not told ${JSON.stringify(reply.value ?? reply.reasons)}`, { cause });
      });
      const found = differences(reply, got, guest.tcp, this.#identities);
      if (found.length > 0) throw new Error(`client ${n} is told otherwise: ${found.join('; ')}`);
      guest.session?.received(got);
      if (got.descriptor !== undefined) reply.learn?.(got.value);
      this.#remember(guest, reply.from, got.index);
    }
  }

  #remember({ places, request, tcp }: Guest, variable: Variable | null | undefined, index?: number): void {
    const [workspace = '', name = ''] = request?.args ?? [];
    if (variable && tcp.getsCookies) places.set(placeName(workspace, name), { variable, index });
  }

  async #overrun(guest: Guest): Promise<void> {
    const replies = this.model.overrun(guest.client);
    guest.verb = PROBE;
    guest.tcp.write(guest.tcp.encode([PROBE]));
    sent.requests++;
    await this.#hear(replies);
    await guest.tcp.ended(this.#patience);
    await this.#isGone();
  }

  async #vanish(guest: Guest, how: 'end' | 'reset' | 'midway'): Promise<void> {
    const replies = this.model.vanish(guest.client);
    if (how === 'midway') guest.tcp.write(encodeRequest(['delete ws', 'w'], new Map()).slice(0, -1));
    if (how === 'end') guest.tcp.end();
    else guest.tcp.reset();
    await this.#isGone();
    await this.#hear(replies);
  }

  /**
   * P15.3, P15.4: a session lasts, unless its client says otherwise.
   * @returns whether the client is still there
   */
  async #outlasts(n: number, guest: Guest, how: 'end' | 'reset' | 'midway'): Promise<boolean> {
    const { session, tcp, client } = guest;
    if (session === undefined) return false;
    if (how === 'end' && !client.isBlocked) {
      await session.end(tcp);
      return false;
    }
    this.model.lose(client);
    // Or the server learns of it when another connection takes its place.
    if (how !== 'midway') tcp.reset();
    await this.#resume(n, guest, false);
    return true;
  }

  /** D4. */
  async #crash(): Promise<void> {
    const order = this.#guests.toSorted((a, b) => a.arrival - b.arrival);
    this.model.crash(order.map(({ client }) => client));
    this.#server = await this.#server.crash();
    this.#witness = await ProtocolClient.ready(this.#server);
    await this.#gather();
  }

  /** The server has seen that somebody is gone: a barrier has one member less. */
  async #isGone(): Promise<void> {
    const wanted = `0 out of ${CLIENTS - 1} at barrier`;
    for (let tries = 0; tries < 2_000; tries++) {
      const reply = await this.#ask(this.#witness, 'findTry', WITNESS, 'here');
      if (reply.value === wanted) return;
      await turn();
    }
    throw new Error('the server does not see that a client is gone');
  }

  /**
   * Nobody is told anything that the model knows nothing of. What the server says it has written when it answers, so
   * one turn of the event loop is enough for all but a rare straggler, which is found at the next step.
   */
  async #nothingElse(): Promise<void> {
    await turn();
    for (const [n, { tcp }] of this.#guests.entries())
      if (tcp.unread !== '') throw new Error(`client ${n} is told too much: ${JSON.stringify(tcp.unread)}`);
  }

  /** What is there in the end is what the model says, and those who wait know nothing. */
  async settle(): Promise<void> {
    for (const [client, guest] of this.#guests.entries()) {
      if (guest.client.isBlocked) continue;
      await this.#request(guest, { verb: 'list wss', args: [], metadata: {} });
      for (const workspace of guest.client.references.keys())
        await this.play({ do: 'list vars', client, workspace });
    }
    await this.#nothingElse();
  }

  async close(): Promise<void> {
    for (const { tcp } of this.#guests) tcp.reset();
    this.#witness.reset();
    await this.#server.close();
  }
}
