import { BOUNDS } from '../wire/bounds.ts';
import { compiled } from '../actors/compiled.ts';
import { withStory } from '../actors/story.ts';
import { bind } from '../machines/bind.ts';
import { sessionMachine } from '../machines/session.ts';
import { STORED } from '../store/errors.ts';
import type { Entity } from '../store/change.ts';
import { RecordReader } from '../store/record.ts';
import { plainError } from '../wire/error-kind.ts';
import { parseDecimal } from '../wire/numbers.ts';
import { SESSION } from '../wire/session-refusals.ts';
import { COST } from '../workspace/memory-budget.ts';
import type { Client } from '../workspace/pending-get.ts';
import { notANumber, refusal, type Refusal } from '../workspace/refusal.ts';
import { eachInSteps, type Steps } from '../workspace/steps.ts';
import { depart } from './departure.ts';
import { GivenNumbers } from './given-numbers.ts';
import type { SessionHost } from './session-host.ts';
import { isSessionId, numberOfSession, Session, type SessionConnection } from './session.ts';

const memoryOf = ({ secret }: Session): number => COST.session + secret.length;

/** The sessions of a server (P15). */
export class Sessions {
  readonly machine: typeof sessionMachine;
  readonly #core: SessionHost;
  readonly #bySecret = new Map<string, Session>();
  readonly #byNumber = new Map<number, Session>();
  readonly #numbers: GivenNumbers;

  constructor(core: SessionHost) {
    this.#core = core;
    this.#numbers = new GivenNumbers('session', core.changes);
    const bound = bind<typeof sessionMachine, Sessions>(sessionMachine, () => this, {
      replaceConnection: (sessions, { context }) => sessions.#find(context.id).replaceConnection(),
      startGrace: (sessions, { context }) => sessions.#find(context.id).startGrace(),
      stopGrace: (sessions, { context }) => sessions.#find(context.id).stopGrace(),
      leaveRest: (sessions, { context }) => depart(core, sessions.#find(context.id), 'stop'),
      end: (sessions, { context }) => sessions.#end(sessions.#find(context.id)),
      reportUnexpected: (_, { event }) =>
        core.log('error', 'a chart was sent an event that it does not expect', { event: event.type }),
    });
    const machine = withStory(bound, { keeperOf: () => core.stories });
    // A trace needs every transition, which only the interpreter reports.
    this.machine = core.tracer === undefined ? compiled(machine) : machine;
  }

  get all(): Iterable<Session> {
    return this.#byNumber.values();
  }
  get count(): number {
    return this.#byNumber.size;
  }

  #find(number: number): Session {
    const session = this.#byNumber.get(number);
    if (session === undefined) throw new Error(`there is no session ${number}`);
    return session;
  }

  /** The session with that id, as a client of the parts that keep ids of clients. */
  clientOf(id: number): Client | undefined {
    return isSessionId(id) ? this.#byNumber.get(numberOfSession(id)) : undefined;
  }

  /** Makes a session, or takes up the one with that secret (P15, P15.2). */
  open(
    secret: string,
    graceText: string,
    connection: SessionConnection,
    arrival: number | undefined,
  ): Session | Refusal {
    const seconds = parseDecimal(graceText);
    if (seconds === undefined || seconds < 0) return notANumber('grace', graceText);
    if (secret === '' || secret.length > BOUNDS.secretBytes.value)
      return refusal(SESSION.badSecret(secret.length, BOUNDS.secretBytes.value));
    if (this.#bySecret.has(secret)) return this.resume(secret, connection, arrival);
    const { limits, accounting, changes } = this.#core;
    const noRoom = accounting.budget.refusal(COST.session + secret.length, {});
    if (noRoom !== undefined) return noRoom;
    const grace = Math.min(seconds, limits.sessionSeconds);
    const number = this.#numbers.next();
    const session = this.#add(
      new Session({ number, secret, grace, peer: connection.peer }, this.#core, this),
      connection,
    );
    changes.touch(session);
    session.arrives(arrival);
    return session;
  }

  #add(session: Session, connection?: SessionConnection): Session {
    this.#bySecret.set(session.secret, session);
    this.#byNumber.set(session.number, session);
    this.#core.accounting.budget.take('sessions', memoryOf(session), {});
    if (connection !== undefined) session.begin(connection);
    return session;
  }

  /** P15.2. */
  resume(secret: string, connection: SessionConnection, arrival: number | undefined): Session | Refusal {
    const session = this.#bySecret.get(secret);
    if (session === undefined) {
      // That it has ended may not be durable yet.
      this.#core.changes.read();
      return refusal(SESSION.none());
    }
    if (!session.arrives(arrival)) return refusal(SESSION.elsewhere());
    session.resume(connection);
    return session;
  }

  /** Its client has disconnected for good: what it had ends as with a connection (W6, S13). */
  #end(session: Session): void {
    const core = this.#core;
    this.#bySecret.delete(session.secret);
    this.#byNumber.delete(session.number);
    session.end();
    core.accounting.budget.give('sessions', memoryOf(session), {});
    depart(core, session, 'client');
  }

  /** Its actor has failed, which is a fault of the server: it can only end. */
  failed(session: Session, error: unknown): void {
    this.#core.log('error', 'a chart failed', { peer: session.peer, error, story: session.story?.lines });
    this.#end(session);
  }

  *entities(): Generator<Entity> {
    for (const session of this.#byNumber.values()) yield* session.entities();
    yield* this.#numbers.entities();
  }

  /** Takes up a session of before a restart, one of the replies that it keeps, or the last number of a session. */
  restore(entity: Entity): void {
    const [kind, number = 0] = entity.key;
    if (kind === 'numbers') return this.#numbers.restore(entity);
    if (kind === 'reply')
      return this.#find(number).replies.restore(entity, (file) => this.#core.restoreFile(file));
    const record = RecordReader.of(entity);
    const [secret, peer, grace] = [record.text('secret'), record.text('peer'), record.number('grace')];
    if (secret === '') throw plainError(STORED.badField('secret', `session ${number}`, 'a secret'));
    this.#numbers.wasGiven(number);
    const session = this.#add(new Session({ number, secret, grace, peer }, this.#core, this));
    session.restore(record);
    const { workspaces } = this.#core;
    for (const each of record.numbers('workspaces')) workspaces.reopen(each, session, false);
    for (const each of record.numbers('owned')) workspaces.reopen(each, session, true);
  }

  /**
   * Everything is taken up; the connections of before the restart have closed (P15.3).
   * @param isOfValue whether a value has that file
   */
  restored(isOfValue: (file: number) => boolean): Steps {
    this.#numbers.restored();
    return eachInSteps([...this.#byNumber.values()], (session) => {
      session.replies.restored(isOfValue);
      session.changed();
      session.disconnected();
    });
  }
}
