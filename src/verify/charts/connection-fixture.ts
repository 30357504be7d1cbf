import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { DEFAULT_WORKSPACE, OPTION, VERB } from '../../wire/names.ts';
import { BOTH_WAYS } from '../client-codec.ts';
import { eventually, mustBe, mustHold } from '../mismatch.ts';
import type { TestTarget } from '../test-target.ts';
import type { TestPath } from '../model.ts';
import { ProtocolClient, whenAnsweredInTime, type Address, type Pending } from '../protocol-client.ts';

/** It has no owner, so it stays when clients disconnect (W1). */
const USE_SHARED = [VERB.useWs, DEFAULT_WORKSPACE, 'verify', 'no'];

/** More bytes than must arrive in two periods, and fewer than a name may have. */
const LABEL_BYTES = 9_000;
const PROGRESS_BYTES = 4_200;
/** The last argument of an incomplete request, with its length. */
const LAST_ARGUMENT = 22;

/** The connection under test, and a witness on another one. */
export class ConnectionFixture {
  readonly protocolClient: ProtocolClient;
  readonly #witness: ProtocolClient;
  readonly #server: Address;
  readonly #target: TestTarget;
  /** A variable in which the client waits. */
  readonly #variable: string;
  /** A workspace of the client, which is deleted with its connection (W6). */
  readonly own: string;
  /** Of its session, which ends as soon as it has no connection (P15). */
  readonly #secret: string;
  ownsWorkspace = false;
  #pending: Pending | undefined;
  /** The missing bytes of an incomplete request. */
  #rest = '';
  #periodEnds = 0;

  private constructor(
    target: TestTarget,
    server: Address,
    protocolClient: ProtocolClient,
    witness: ProtocolClient,
  ) {
    this.#target = target;
    this.#server = server;
    this.protocolClient = protocolClient;
    this.#witness = witness;
    const run = randomUUID();
    this.#variable = `verify ${run}`;
    this.own = `verify own ${run}`;
    this.#secret = `verify ${run}`;
  }

  static async open({ target, steps, tries }: TestPath): Promise<ConnectionFixture> {
    const stops = [...steps, ...tries].includes('server.stopping');
    const server = stops && target.disposable !== undefined ? await target.disposable() : target.server;
    const witness = await ProtocolClient.ready(server);
    const protocolClient = await ProtocolClient.open(server, { allowHalfOpen: true });
    const stage = new ConnectionFixture(target, server, protocolClient, witness);
    mustBe(VERB.useWs, await witness.ask(USE_SHARED), {});
    return stage;
  }

  /** Leaves nothing behind. */
  async close(): Promise<void> {
    this.protocolClient.vanish();
    if (this.#pending !== undefined)
      await this.#witness.ask([VERB.deleteVar, DEFAULT_WORKSPACE, this.#variable]).catch(() => undefined);
    this.#witness.vanish();
  }

  /** P2.1. */
  async greet(): Promise<void> {
    const offer = await this.protocolClient.greet();
    for (const name of [OPTION.metadataToServer, OPTION.metadataFromServer, OPTION.killServerOnClose])
      mustHold(offer[name] === '', `the offer has no ${name}, or requires a value of it`);
  }

  /** P2.2, P15. */
  async choose(): Promise<void> {
    await this.protocolClient.choose();
    await this.#beginSession();
  }

  /** P2.3, P15. */
  async startTls(): Promise<void> {
    await this.protocolClient.startTls();
    await this.#beginSession();
  }

  async #beginSession(): Promise<void> {
    const opened = await this.protocolClient.ask([VERB.openSession, this.#secret, '0']);
    mustBe(VERB.openSession, opened, {});
  }

  /** P15.2: another connection takes up the session. */
  async replace(): Promise<void> {
    const other = await ProtocolClient.ready(this.#server);
    this.protocolClient.forgetExpected();
    mustBe(VERB.resumeSession, await other.ask([VERB.resumeSession, this.#secret]), {});
    await this.protocolClient.ended();
    other.vanish();
  }

  /** P2.3. */
  async chooseTls(): Promise<void> {
    await this.protocolClient.choose({ ...BOTH_WAYS, [OPTION.tls]: '1' });
  }

  /** P2.3. */
  async chooseWhatIsNotOffered(): Promise<void> {
    const four = await this.protocolClient.offerOptions({ Sauna: '1' });
    mustHold(four === 'F000', `an option that is not offered is answered with "${four}"`);
  }

  async waitForTimeLimit(): Promise<void> {
    await this.protocolClient.ended((this.#target.handshakeSeconds + 15) * 1000);
  }

  /** P2.2, P5.1: nothing more is sent. */
  async sayAndEnd(bytes: string): Promise<void> {
    this.protocolClient.forgetExpected();
    this.protocolClient.write(bytes);
    await this.protocolClient.ended();
  }

  /** P5.1. */
  async askNothing(): Promise<void> {
    const pending = this.protocolClient.expect(false);
    this.protocolClient.write(this.protocolClient.encode([]));
    const answer = await whenAnsweredInTime(pending.whenAnswered, 'an empty request');
    mustBe('an empty request', answer, { status: '0001' });
  }

  /** P12: the first bytes of a request. */
  async beginRequest(): Promise<void> {
    this.#rest = this.protocolClient.encode([VERB.useWs, DEFAULT_WORKSPACE, 'v'.repeat(LABEL_BYTES), 'no']);
    this.#say(this.#rest.length - LABEL_BYTES);
    this.requestTimerRestarts();
    await Promise.resolve();
  }

  requestTimerRestarts(): void {
    this.#periodEnds = performance.now() + this.#target.requestSeconds * 1000;
  }

  #say(bytes: number): void {
    this.protocolClient.write(this.#rest.slice(0, bytes));
    this.#rest = this.#rest.slice(bytes);
  }

  async completeRequest(): Promise<void> {
    const pending = this.protocolClient.expect(false);
    this.#say(this.#rest.length);
    mustBe(VERB.useWs, await whenAnsweredInTime(pending.whenAnswered, 'a request that came slowly'), {});
  }

  /** P12: some bytes arrive in each period, and the connection stays open. */
  async goOnSlowly(): Promise<void> {
    this.#say(PROGRESS_BYTES);
    await sleep(this.#periodEnds - performance.now() + 700);
    mustHold(!this.protocolClient.hasEnded, 'the server has ended a connection whose request goes on coming');
    this.requestTimerRestarts();
  }

  /** P12: no more bytes arrive. */
  async stall(): Promise<void> {
    this.protocolClient.forgetExpected();
    await this.protocolClient.ended((this.#target.requestSeconds + 15) * 1000);
  }

  /** P5.1: in the middle of a request. */
  async spoilRequest(): Promise<void> {
    this.#say(this.#rest.length - LAST_ARGUMENT);
    await this.sayAndEnd('z'.repeat(LAST_ARGUMENT));
  }

  /** P5.3: the second request is complete before the blocked one is answered. */
  async overrunByTheRest(): Promise<void> {
    this.protocolClient.forgetExpected();
    const pending = this.protocolClient.expect(false);
    this.#say(this.#rest.length);
    const answer = await whenAnsweredInTime(pending.whenAnswered, 'a request that comes too early');
    mustBe('a request that comes too early', answer, { status: '0001' });
  }

  async block(): Promise<void> {
    mustBe(VERB.useWs, await this.protocolClient.ask(USE_SHARED), {});
    this.#pending = this.protocolClient.begin([VERB.fetch, DEFAULT_WORKSPACE, this.#variable]);
    await eventually(async () =>
      (await this.#fetchers()) === 1 ? undefined : 'a get is not listed as waiting',
    );
  }

  async #fetchers(): Promise<number> {
    const { value } = await this.#witness.ask([VERB.listVars, DEFAULT_WORKSPACE]);
    const line = value.split('\n').find((text) => text.startsWith(`${this.#variable}\t`));
    return Number(line?.split('\t')[2] ?? 0);
  }

  async mustWait(): Promise<void> {
    mustHold((await this.#fetchers()) === 1, 'the get is not listed as waiting any more');
    const { answer } = this.#pending ?? {};
    mustHold(answer === undefined, `a get is answered with ${answer?.status}, and there is no value`);
  }

  /** V5. */
  async unblock(): Promise<void> {
    mustBe(
      VERB.store,
      await this.#witness.ask([VERB.store, DEFAULT_WORKSPACE, this.#variable, '1', 'here']),
      {},
    );
    if (this.#pending === undefined) throw new Error('nothing is blocked');
    const answer = await whenAnsweredInTime(this.#pending.whenAnswered, 'a get that waits');
    mustBe('a get that waits', answer, { value: 'here' });
    this.requestTimerRestarts();
  }

  /** P5.3: an error in short form, whatever was requested; the blocked request consumes no value. */
  async overrun(args: readonly string[]): Promise<void> {
    this.protocolClient.forgetExpected();
    const pending = this.protocolClient.expect(false);
    this.protocolClient.write(this.protocolClient.encode(args));
    const answer = await whenAnsweredInTime(pending.whenAnswered, 'a request that comes too early');
    mustBe('a request that comes too early', answer, { status: '0001' });
  }

  /** P15.4: the request that waits is withdrawn without a reply. */
  async endSession(): Promise<void> {
    await this.sayAndEnd(this.protocolClient.encode([VERB.endSession]));
  }

  /** A request on which the server is known to fail: it reports this, and closes the connection. */
  async meetFault(): Promise<void> {
    const wstype = this.#target.faultyKind ?? '';
    const answer = await this.protocolClient.ask([VERB.openWs, `${this.own} faulty`, 'verify', 'no'], {
      wstype,
    });
    mustBe('a request that meets a fault', answer, { status: '2000' });
  }

  /** P3: the client requests the stop, and it happens when that client disconnects. */
  async stopServer(): Promise<void> {
    const killer = await ProtocolClient.ready(this.#server);
    mustBe(VERB.deadman, await killer.ask([VERB.deadman]), {});
    killer.vanish();
    this.protocolClient.forgetExpected();
    await this.#witness.ended();
  }

  /** The connection has ended: requests are not carried out. */
  async mustBeUnheard(bytes: string): Promise<void> {
    this.protocolClient.write(bytes);
    await this.#witness.ask([VERB.listWss]);
    mustHold(this.protocolClient.unread === '', 'the server answers on a connection that it has ended');
  }

  async leave(): Promise<void> {
    this.protocolClient.forgetExpected();
    this.protocolClient.vanish();
    await Promise.resolve();
  }

  /** V6, W6: the waiting request and the owned workspace have ended with the connection. */
  async mustBeDeparted(): Promise<void> {
    if (this.#pending !== undefined)
      await eventually(async () =>
        (await this.#fetchers()) === 0 ? undefined : 'whose connection is over is still listed as waiting',
      );
    if (!this.ownsWorkspace) return;
    await eventually(async () => {
      const { value } = await this.#witness.ask([VERB.listWss, this.own]);
      return value.includes(this.own) ? 'what a connection owned is still there after its end' : undefined;
    });
  }
}
