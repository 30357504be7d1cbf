import { isLong } from '../../../src/wire/names.ts';
import { encodeRequest } from '../../../src/wire/request.ts';
import { Client } from '../model/client.ts';
import type { SentReply } from '../model/replies.ts';
import { RING, type Variable } from '../model/variable.ts';
import type { Request, ServerModel } from '../model/workspaces.ts';
import { actionOf, kindOf, PERIOD_MS, placeName, type Places } from './actions.ts';
import { differences, Identities, LeaseNumbers } from './compare.ts';
import { OracleSession, unlike, type Repetition } from './session.ts';
import { CLIENTS, type Step } from './steps.ts';
import { POLICY } from './policies.ts';
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

const HANDSHAKES: Handshake[] = [BOTH_WAYS, BOTH_WAYS, BOTH_WAYS, BOTH_WAYS, '2222', '0000'];
/** Those who say a session (P15), with metadata in both directions. */
const WITH_SESSION: ReadonlySet<number> = new Set([1, 3]);
/** One in so many requests of a session loses its connection before its reply has come. */
const CUT_ONE_IN = 5;
/** The shortest request that is refused. */
const PROBE = 'are you there';
/** Milliseconds that pass in one script, at most: a lost worker is dead after 10 seconds (S18). */
const MAX_TIME_MS = 9_000;

/** The number of requests that all parties have sent to real servers. */
export const sent = { requests: 0 };

/** A real server over TCP, its clients, and the model that determines the replies to them. */
export class Party {
  readonly model: ServerModel;
  #server: StoredServer;
  readonly #guests: Guest[] = [];
  readonly #identities = new Identities();
  readonly #leases = new LeaseNumbers();
  #values = 0;
  #arrivals = 0;

  private constructor(server: StoredServer, model: ServerModel) {
    this.#server = server;
    this.model = model;
  }

  static async open(model: ServerModel): Promise<Party> {
    const server = await StoredServer.start({
      limits: { longValueBytes: 8_000, ...RING },
      plugins: [{ name: 'policies', policy: POLICY }],
    });
    const party = new Party(server, model);
    await party.#gather();
    return party;
  }

  /** Everybody connects. */
  async #gather(): Promise<void> {
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

  /**
   * P15.2: a client whose connection was lost, or is lost now, comes back with its session, and repeats its last request.
   * @param hasCrashed whether the server is another one
   */
  async #resume(n: number, { tcp: older, ...guest }: Guest, hasCrashed: boolean): Promise<void> {
    const { session, client } = guest;
    if (session === undefined) throw new Error(`client ${n} has no session`);
    const tcp = await ProtocolClient.ready(this.#server);
    await session.resume(tcp);
    const back = { ...guest, tcp };
    this.#guests[n] = back;
    await this.#hasEnded(older);
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
    const wrong = unlike(got, await this.#reply(tcp, request.verb));
    if (wrong !== undefined) throw new Error(`client ${this.#guests.indexOf(guest)}: ${wrong}`);
    client.isBlocked = false;
  }

  /** Waits until nothing is under way. */
  async #rest(until?: () => boolean): Promise<void> {
    await this.#server.rest(
      this.#guests.map(({ tcp }) => tcp),
      until,
    );
  }

  /** The reply to a request that was sent. @throws if the server has nothing to do and has not replied */
  async #reply(tcp: ProtocolClient, verb: string): Promise<Reply> {
    const pending = tcp.expect(isLong(verb));
    const none = this.#rest(() => pending.answer !== undefined).then(() => {
      throw new Error('the server is at rest and has not replied');
    });
    return Promise.race([pending.whenAnswered, none]);
  }

  async #hasEnded(tcp: ProtocolClient): Promise<void> {
    await this.#rest(() => tcp.hasEnded);
    if (!tcp.hasEnded) throw new Error('the server does not close the connection');
  }

  #guest(n: number): Guest {
    const guest = this.#guests[n];
    if (guest === undefined) throw new Error(`there is no client ${n}`);
    return guest;
  }

  canPlay(step: Step): boolean {
    if (step.do === 'vanish' || step.do === 'crash') return true;
    if (step.do === 'pass') return this.model.leases.now + step.periods * PERIOD_MS <= MAX_TIME_MS;
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
    } else if (action.do === 'pass') {
      script.push(`${action.periods * PERIOD_MS} milliseconds pass`);
      await this.#pass(action.periods * PERIOD_MS);
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
    this.#writeInPieces(tcp, bytes);
    if (waits) await this.#rest();
    await this.#hear(replies);
    if (seen.metadata?.['delay'] !== '0') return;
    this.#server.pass(0);
    await this.#hear(this.model.elapse());
  }

  /** Time passes, with a stop whenever a lease elapses (V13.2). */
  async #pass(milliseconds: number): Promise<void> {
    const { model } = this;
    const end = model.leases.now + milliseconds;
    while (model.leases.now < end) {
      const next = model.nextUntil(end) ?? end;
      this.#server.pass(next - model.leases.now);
      await this.#hear(model.itIs(next));
      await this.#nothingElse();
    }
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
      const got = await this.#reply(guest.tcp, guest.verb).catch((cause: unknown) => {
        throw new Error(`client ${n} is not told ${JSON.stringify(reply.value ?? reply.reasons)}`, { cause });
      });
      const found = differences(reply, got, guest.tcp, this.#identities, this.#leases);
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
    await this.#hasEnded(guest.tcp);
    await this.#isGone(guest.tcp.peer);
  }

  async #vanish(guest: Guest, how: 'end' | 'reset' | 'midway'): Promise<void> {
    const replies = this.model.vanish(guest.client);
    const { peer } = guest.tcp;
    if (how === 'midway') guest.tcp.write(encodeRequest(['delete ws', 'w'], new Map()).slice(0, -1));
    if (how === 'end') guest.tcp.end();
    else guest.tcp.reset();
    await this.#isGone(peer);
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
    await this.#gather();
  }

  /** The server has seen that somebody is gone. */
  async #isGone(peer: string): Promise<void> {
    await this.#rest(() => this.#server.hasClosed(peer));
    if (!this.#server.hasClosed(peer)) throw new Error('the server does not see that a client is gone');
  }

  /** Nobody is told anything that the model knows nothing of. */
  async #nothingElse(): Promise<void> {
    await this.#rest();
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
    await this.#server.close();
  }
}
