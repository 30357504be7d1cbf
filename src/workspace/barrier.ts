import { foundText, type PendingGet, type Client } from './pending-get.ts';
import { COST } from './memory-budget.ts';
import { refusal, type Refusal } from './refusal.ts';
import type { Value } from './value.ts';
import type { Behaviour, VariableContext } from './behaviour.ts';
import { eachInSteps, type Steps } from './steps.ts';
import { WaitingLine } from './waiting-line.ts';
import { VARIABLES } from '../wire/refusals.ts';

const MEMBER_ALREADY = refusal(VARIABLES.memberAlready());
const NO_MEMBER = refusal(VARIABLES.noMember());

/** A group whose members wait for each other: store joins, find waits for all, fetch leaves (V12). */
export class Barrier implements Behaviour {
  readonly mode = '__barrier';
  readonly #in: VariableContext;
  readonly #members = new Set<Client>();
  /** Only members. Clients that waited before it became a barrier stay in the variable's own line (V2). */
  readonly #waiting = new WaitingLine();

  constructor(context: VariableContext) {
    this.#in = context;
  }

  get counts() {
    const counts = this.#in.waiters.counts(this.#members.size);
    return { ...counts, finders: counts.finders + this.#waiting.length };
  }

  store(value: Value, client: Client | undefined): Refusal | undefined {
    if (client === undefined) return NO_MEMBER;
    if (this.#members.has(client)) return MEMBER_ALREADY;
    const noRoom = this.#in.accounting.refusalOf(COST.barrierMember, client.account);
    if (noRoom !== undefined) return noRoom;
    this.#in.accounting.release(value);
    this.#members.add(client);
    this.#in.accounting.take('barrierMembers', COST.barrierMember, client.account);
    client.closeListeners.add(this);
    return undefined;
  }

  get(get: PendingGet): void {
    if (this.#in.waiters.mismatch(get, this.#in.variableId)) return;
    const { client } = get;
    if (!get.takes && !get.waits)
      return get.answer(this.#text(`${this.#waiting.length} out of ${this.#members.size} at barrier`));
    if (!this.#members.has(client)) return get.refuse(NO_MEMBER);
    if (get.takes) {
      get.answer(this.#text(''));
      this.clientLeft(client);
    } else if (this.#waiting.length + 1 === this.#members.size) {
      get.answer(this.#text(String(this.#members.size)));
      this.#release(this.#members.size);
    } else this.#waiting.add(get);
  }

  /** Removes a member, by a fetch or because its connection closed. The others continue if all who remain wait. */
  clientLeft(client: Client): void {
    this.#forget(client);
    if (this.#waiting.length === this.#members.size) this.#release(this.#members.size + 1);
  }

  waiting(): Iterable<PendingGet> {
    return this.#waiting;
  }

  *purge(reason: Refusal): Steps {
    yield* this.#in.waiters.refuseAll(reason);
    yield* eachInSteps(this.#waiting.drain(), (get) => get.refuse(reason));
    for (const member of this.#members) this.#forget(member);
  }

  #forget(member: Client): void {
    member.closeListeners.delete(this);
    if (!this.#members.delete(member)) return;
    this.#in.accounting.give('barrierMembers', COST.barrierMember, member.account);
  }

  #release(count: number): void {
    const answer = this.#text(String(count));
    this.#in.inSteps(
      eachInSteps(this.#waiting.takeAll(), (get) => {
        if (!get.ended) get.answer(answer);
      }),
    );
  }

  #text(text: string) {
    return foundText(text, this.#in.variableId);
  }
}
