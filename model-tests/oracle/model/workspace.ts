import type { Client } from './client.ts';
import type { Job } from './job.ts';
import { Leases } from './leases.ts';
import { DONE, isRefusal, isWhole, refusal, text, type Reply } from './replies.ts';
import { Variable, type Get, type SendReply, type Value } from './variable.ts';

/** V14. */
function whyNotCapacity(mode: string, capacity: string): string[] {
  const reasons: string[] = [];
  if (!isWhole(capacity) || Number(capacity) < 1)
    reasons.push(`a capacity is a whole number of at least 1, not "${capacity}".`);
  if (mode !== 'fifo') reasons.push(`a variable of mode "${mode}" has no capacity.`);
  return reasons;
}

/** A named set of variables (W1), and its job, if any (W9). */
export class Workspace {
  readonly name: string;
  owner = '';
  persistent = false;
  deleted = false;
  readonly owners = new Set<Client>();
  readonly variables = new Map<string, Variable>();
  job: Job | undefined;
  readonly #send: SendReply;
  readonly #leases: Leases;

  constructor(name: string, send: SendReply, leases = new Leases()) {
    this.name = name;
    this.#send = send;
    this.#leases = leases;
  }

  variable(name: string, hidden = false): Variable {
    const variable = this.variables.get(name) ?? new Variable(name, this.#send, this.#leases, hidden);
    this.variables.set(name, variable);
    return variable;
  }

  get(name: string, get: Get): Reply | undefined {
    if (this.job?.has(name) === true && get.lasts !== undefined)
      return refusal('take is not supported for a variable of mode "custom".');
    if (this.job?.has(name) === true) return this.job.get(name, get);
    return this.variable(name).get(get);
  }

  /** V14.2: what is stored at once has another form of reply. */
  storeWait(name: string, value: Value, client: Client): Reply | undefined {
    const reply = this.store(name, value, client, true);
    return reply === undefined || isRefusal(reply) ? reply : { ...text(''), ...reply };
  }

  /** @returns undefined if the client waits from now on */
  store(name: string, value: Value, client: Client, waits = false): Reply | undefined {
    if (this.job?.has(name) === true) return this.job.store(name, value, client);
    const refused = this.job?.refusesStore(name, value);
    if (refused !== undefined) return refused;
    if (this.job?.takesReport(name, value) === true) return DONE;
    const reply = this.variable(name).store(value, client, waits);
    if (reply === DONE) this.job?.stored(name, value);
    return reply;
  }

  declare(name: string, mode: string, capacity?: string): Reply {
    if (this.job?.has(name) === true)
      return mode === 'custom' ? DONE : refusal(`Cannot change variable mode to "${mode}".`);
    const refused = capacity === undefined ? [] : whyNotCapacity(mode, capacity);
    if (refused.length > 0) return refusal(...refused);
    // A request creates the variable, even with the mode none, as in the recordings (V1, V2).
    return this.variable(name).declare(mode, capacity);
  }

  /** V7, S7.2. */
  delete(name: string): Reply {
    if (this.job?.isBuiltIn(name) === true)
      return refusal(`Variable "${name}" is part of the workspace and cannot be deleted.`);
    const variable = this.variables.get(name);
    if (variable === undefined)
      return refusal(`Variable "${name}" does not exist in workspace "${this.name}".`);
    this.variables.delete(name);
    variable.purge();
    return DONE;
  }

  /** W7, S16. */
  empty(): void {
    const variables = [...this.variables.values()];
    this.variables.clear();
    for (const variable of variables) variable.purge();
    this.job?.purge();
  }

  withdraw(client: Client): void {
    for (const variable of this.variables.values()) variable.withdraw(client);
    this.job?.withdraw(client);
  }

  leaveBarriers(client: Client): void {
    for (const variable of this.variables.values()) variable.forget(client);
  }

  forget(client: Client): void {
    this.leaveBarriers(client);
    this.job?.forget(client);
  }

  /** V8. */
  get listing(): string {
    return [...this.variables.values()]
      .filter(({ hidden }) => !hidden)
      .map((variable) => this.job?.line(variable.name) ?? variable.line)
      .sort()
      .join('\n');
  }
}
