import { Client } from './client.ts';
import { Job, POLICIES } from './job.ts';
import { Leases } from './leases.ts';
import { DONE, isWhole, refusal, text, type Entries, type Reply, type SentReply } from './replies.ts';
import type { Get, Place } from './variable.ts';
import { Workspace } from './workspace.ts';

export interface Request {
  readonly verb: string;
  /** Without the verb and the position of an iteration. */
  readonly args: readonly string[];
  readonly metadata?: Entries;
  readonly after?: Place;
}

const GET = /^(i?)(find|fetch)(Try)?$/;
const VERBS = new Set(['list wss', 'store', 'storeWait', 'declare var', 'delete var', 'list vars']);
/** Milliseconds of a lease, at most (V13). */
const MAX_LEASE_MS = 604_800_000;

const isLeaseTime = (text: string): boolean =>
  isWhole(text) && Number(text) >= 1 && Number(text) <= MAX_LEASE_MS;

const byName = (a: { name: string }, b: { name: string }): number => (a.name < b.name ? -1 : 1);

/** All workspaces, and all replies: the whole server, as simply as the clauses allow. */
export class ServerModel {
  readonly #all = new Map<string, Workspace>();
  readonly leases = new Leases();
  #temporaries = 0;
  #sent: SentReply[] = [];

  constructor() {
    const main = this.#make('__default');
    main.owner = '[system]';
    main.persistent = true;
  }

  readonly #send = (client: Client, reply: Reply): void => {
    client.isBlocked = false;
    this.#sent.push({ client, reply });
  };

  /** @returns all replies that the request causes; if the client itself gets none, it waits */
  request(client: Client, request: Request): SentReply[] {
    this.#sent = [];
    client.isBlocked = true;
    const reply = this.#carryOut(client, request);
    if (reply !== undefined) this.#send(client, reply);
    return this.#sent;
  }

  /** P5.3: the early request is not carried out, and the connection is closed. */
  overrun(client: Client): SentReply[] {
    this.#sent = [{ client, reply: refusal('A request came while an earlier one was blocked.') }];
    this.#leave(client);
    return this.#sent;
  }

  /** V6, V12, W6, S13. */
  vanish(client: Client): SentReply[] {
    this.#sent = [];
    this.#leave(client);
    return this.#sent;
  }

  /** P15.3: the connection of a session is lost, and its request waits no longer. */
  lose(client: Client): void {
    for (const workspace of this.#all.values()) workspace.withdraw(client);
    client.isBlocked = false;
  }

  /** D4: nobody waits any more, then every connection has closed, and no client gets a reply. Sessions last. */
  crash(clients: readonly Client[]): void {
    for (const workspace of this.#all.values()) for (const client of clients) workspace.withdraw(client);
    for (const { job } of this.#all.values()) job?.restarting();
    for (const client of clients) if (client.isSession) this.#outlast(client);
    // D1: the leases of sessions go on. The others end in the order in which they began.
    for (const lease of this.leases.held) if (!lease.holder.isSession) this.leases.giveBack(lease);
    for (const client of clients) if (!client.isSession) this.#leave(client);
    for (const { job } of this.#all.values()) job?.restarted();
    // The names of temporary workspaces have the name of the run in them (W8).
    this.#temporaries = 0;
    this.#sent = [];
  }

  /** D1: the store has neither members of barriers nor workspaces that are deleted. */
  #outlast(client: Client): void {
    for (const workspace of this.#all.values()) workspace.leaveBarriers(client);
    for (const [name, { deleted }] of client.references) if (deleted) client.references.delete(name);
    client.isBlocked = false;
  }

  /** The reply to a client that waits for 0 seconds (S5, S6). */
  elapse(): SentReply[] {
    this.#sent = [];
    for (const { job } of this.#all.values()) job?.elapse();
    return this.#sent;
  }

  /** It is that late: the values of leases return (V13.2). */
  itIs(time: number): SentReply[] {
    this.#sent = [];
    this.leases.now = time;
    this.leases.elapse();
    for (const { job } of this.#all.values()) job?.waited();
    return this.#sent;
  }

  /** When something elapses next, if that is not after a time (V13.2, S32.1). */
  nextUntil(time: number): number | undefined {
    const jobs = [...this.#all.values()].map(({ job }) => job?.nextUntil(time));
    const times = [this.leases.nextUntil(time), ...jobs].filter((at) => at !== undefined);
    return times.length === 0 ? undefined : Math.min(...times);
  }

  #leave(client: Client): void {
    for (const workspace of this.#all.values()) workspace.withdraw(client);
    client.isBlocked = false;
    for (const lease of this.leases.held.filter(({ holder }) => holder === client))
      this.leases.giveBack(lease);
    const lasting = new Set([...this.#all.values()].filter(({ job }) => job?.outlives(client) === true));
    for (const workspace of this.#all.values()) workspace.forget(client);
    for (const workspace of client.references.values()) {
      if (!workspace.owners.delete(client) || workspace.persistent || workspace.deleted) continue;
      if (workspace.owners.size === 0 || !lasting.has(workspace)) this.#remove(workspace);
    }
  }

  #carryOut(client: Client, request: Request): Reply | undefined {
    const { verb, args, metadata = {} } = request;
    const [first = '', second = '', third = '', fourth = ''] = args;
    if (verb === 'open ws' || verb === 'use ws') return this.#open(client, request);
    if (verb === 'delete ws') return this.#delete(client, first);
    if (verb === 'mktemp ws') return this.#makeTemporary(client, first, metadata);
    if (verb === 'end lease' || verb === 'extend lease') return this.#changeLease(client, request);
    const isTake = verb === 'take' || verb === 'takeTry';
    if (!VERBS.has(verb) && !isTake && !GET.test(verb)) return refusal(`Unknown verb "${verb}"`);
    if (verb === 'list wss') return text(this.#list(client, args[0]));
    // The clauses do not say how a wrong number is refused.
    if (isTake && !isLeaseTime(third)) return { status: '0001' };
    const workspace = client.references.get(first);
    if (workspace === undefined)
      return { status: '2001', reasons: [`Workspace ${first} has not been opened.`] };
    if (workspace.deleted) return { status: '0100', reasons: ['No such workspace.'] };
    if (isTake) {
      const form = { takes: true, iterates: false, waits: verb === 'take', after: undefined };
      return workspace.get(second, { client, ...form, metadata, lasts: Number(third) });
    }
    const get = GET.exec(verb);
    if (get !== null) return workspace.get(second, this.#get(client, request, get));
    switch (verb) {
      case 'store':
        return workspace.store(second, { text: fourth, descriptor: Number(third), metadata }, client);
      case 'storeWait':
        return workspace.storeWait(second, { text: fourth, descriptor: Number(third), metadata }, client);
      case 'declare var':
        return workspace.declare(second, third, metadata['capacity']);
      case 'delete var':
        return workspace.delete(second);
      default:
        return text(workspace.listing);
    }
  }

  /** V13.1–V13.3, V13.5. */
  #changeLease(client: Client, { verb, args: [number = '', how = ''] }: Request): Reply {
    if (verb === 'extend lease' && !isLeaseTime(how)) return { status: '0001' };
    const lease = this.leases.heldBy(client, number);
    if (lease === undefined) return refusal(`this client does not hold the lease "${number}".`);
    if (verb === 'extend lease') lease.until = this.leases.now + Number(how);
    else if (how === 'done') this.leases.done(lease);
    else if (how === 'back') this.leases.giveBack(lease);
    else return { status: '0001' };
    return DONE;
  }

  #get(client: Client, { metadata = {}, after }: Request, [, i, word, Try]: RegExpExecArray): Get {
    const iterates = i === 'i';
    return {
      client,
      iterates,
      takes: word === 'fetch',
      waits: Try === undefined,
      after: iterates ? after : undefined,
      metadata,
    };
  }

  #make(name: string): Workspace {
    const workspace = new Workspace(name, this.#send, this.leases);
    this.#all.set(name, workspace);
    return workspace;
  }

  /** W2–W4, W9, S1. */
  #open(client: Client, { verb, args, metadata = {} }: Request): Reply {
    const [name = '', label = '', persistent, create] = args;
    let workspace = this.#all.get(name);
    if (workspace === undefined) {
      if (create === 'no') return { status: '0100', reasons: ['No such workspace.'] };
      const kind = metadata['wstype'];
      if (kind !== undefined && kind !== 'sleigh')
        return refusal("Failed to create workspace: couldn't load plugin.");
      const policy = metadata['onDeadWorker'] ?? 'shutdown';
      if (kind === 'sleigh' && !POLICIES.includes(policy))
        return refusal(
          `Failed to create workspace: onDeadWorker must be shutdown, requeue or null, not "${policy}".`,
        );
      workspace = this.#make(name);
      if (kind === 'sleigh') workspace.job = new Job(workspace, metadata, this.#send, () => this.leases.now);
    }
    client.references.set(name, workspace);
    if (verb === 'use ws') return DONE;
    if (workspace.owner === '') {
      workspace.owner = `${client.peer} (${label})`;
      workspace.persistent = persistent === 'yes';
    }
    workspace.owners.add(client);
    return DONE;
  }

  /** W8. Only the simplest templates are tried here. */
  #makeTemporary(client: Client, template: string, { wstype }: Entries): Reply {
    if (!/^[a-z]*%d$/.test(template)) return refusal(`mktemp: bad template "${template}".`);
    if (wstype !== undefined) return refusal('Internal error: reference_space failed');
    const number = this.#temporaries++;
    const learn = (name: string): void => void client.references.set(name, this.#make(name));
    return { ...text(new RegExp(`^${template.replace('%d', String(number))}.+$`, 's')), learn };
  }

  /** W1, W7. */
  #delete(client: Client, name: string): Reply {
    const workspace = this.#all.get(name);
    if (workspace === undefined) return refusal(`Workspace "${name}" does not exist.`);
    client.references.delete(name);
    workspace.owners.delete(client);
    this.#remove(workspace);
    return DONE;
  }

  #remove(workspace: Workspace): void {
    if (workspace.name !== '__default') {
      this.#all.delete(workspace.name);
      workspace.deleted = true;
    }
    workspace.empty();
  }

  /** W10. */
  #list(client: Client, name: string | undefined): string {
    const lines = [...this.#all.values()]
      .filter((workspace) => name === undefined || workspace.name === name)
      .sort(byName)
      .map((workspace) => {
        const names = [...workspace.variables.keys()].sort();
        const mark = workspace.owners.has(client) ? '>' : ' ';
        const persistent = workspace.persistent ? 'True' : 'False';
        const fields = [mark + workspace.name, workspace.owner, persistent, names.length, names.join(',')];
        return fields.join('\t');
      });
    return `${lines.join('\n')}\n`;
  }

  /** The existing names. */
  get names(): string[] {
    return [...this.#all.keys()];
  }

  job(name: string): Job | undefined {
    return this.#all.get(name)?.job;
  }
}
