import { BOUNDS } from '../wire/bounds.ts';
import type { Entity } from '../store/change.ts';
import { DEFAULT_WORKSPACE, DURABLE, isDurability, KEY } from '../wire/names.ts';
import { parseWhole } from '../wire/numbers.ts';
import { NO_METADATA, type Metadata } from '../wire/payload.ts';
import type { Client } from './pending-get.ts';
import type { LeaseKeeper } from './lease-keeper.ts';
import type { LeasePlace } from './leasing.ts';
import { Loading } from './loading.ts';
import { listWorkspaces, type Listing } from './listing.ts';
import { COST, memoryOfMetadata, type Account, type MemoryBudget } from './memory-budget.ts';
import { EVERYTHING, unusedName, type Part } from './part.ts';
import type { Opener, References } from './references.ts';
import { isRefusal, NO_SUCH_WORKSPACE, refusal, unopened, type Refusal } from './refusal.ts';
import { containedSteps, type Steps } from './steps.ts';
import { fillTemplate } from './template.ts';
import type { Host } from './host.ts';
import { Workspace, type WorkspacePluginFactory } from './workspace.ts';
import { FIRST } from './workspace-record.ts';
import { STORED } from '../store/errors.ts';
import { WORKSPACE } from '../wire/refusals.ts';
import { fault, plainError } from '../wire/error-kind.ts';

/** The arguments of `open ws` and `use ws`. */
export interface OpenRequest {
  readonly name: string;
  readonly label: string;
  readonly persistent: boolean;
  readonly create: boolean;
  readonly metadata: Metadata;
}

interface WorkspacesOptions {
  readonly plugins: ReadonlyMap<string, WorkspacePluginFactory>;
  readonly suffix: string;
  readonly part?: Part | undefined;
}

/** All workspaces of a server (W1–W10). */
export class Workspaces {
  readonly #all = new Map<string, Workspace>();
  readonly #occupied = new Set<Workspace>();
  readonly #oldSleighs = new Set<Workspace>();
  readonly #host: Host;
  readonly #plugins: ReadonlyMap<string, WorkspacePluginFactory>;
  /** Unique to this run of the server. */
  readonly #suffix: string;
  readonly #part: Part;
  #temporaries = 0;
  /** The number of the last workspace. */
  #numbers = FIRST;
  /** The workspaces of before a restart, while they are loaded. */
  #loading: Loading | undefined;

  constructor(host: Host, options: WorkspacesOptions) {
    this.#host = host;
    this.#plugins = options.plugins;
    this.#suffix = options.suffix;
    this.#part = options.part ?? EVERYTHING;
    const main = new Workspace(DEFAULT_WORKSPACE, host, {
      number: FIRST,
      isLoaded: host.changes.isRecorded,
      oldSleighs: this.#oldSleighs,
    });
    main.owner = '[system]';
    main.persistent = true;
    this.#all.set(DEFAULT_WORKSPACE, main);
    if (host.changes.isRecorded) this.#loading = new Loading(host, main);
  }

  /** All workspaces and what they contain, as a store must have them. */
  *entities(): Generator<Entity> {
    for (const workspace of this.#all.values()) yield* workspace.record.entities();
  }

  get leases(): LeaseKeeper {
    return this.#host.leases;
  }
  get budget(): MemoryBudget {
    return this.#host.accounting.budget;
  }
  get all(): Iterable<Workspace> {
    return this.#all.values();
  }
  /** Without the first one, which always exists, if another part has it. */
  get #owned(): Iterable<Workspace> {
    return this.#part.owns(DEFAULT_WORKSPACE) ? this.#all.values() : [...this.#all.values()].slice(1);
  }
  /** The workspaces with a plugin, oldest first. */
  get occupied(): ReadonlySet<Workspace> {
    return this.#occupied;
  }
  /** The workspaces that may contain an old-style job (W12), oldest first. */
  get oldSleighs(): ReadonlySet<Workspace> {
    return this.#oldSleighs;
  }
  get count(): number {
    return this.#all.size;
  }
  /** The number of variables of all workspaces. */
  get variableCount(): number {
    // The names of all workspaces except the first one are counted.
    return this.#host.accounting.names - (this.#all.size - 1);
  }

  /** Takes up an entity of before a restart; see `Loading`. */
  restore(entity: Entity): void {
    const loading = this.#loading;
    if (loading === undefined) throw fault('everything is loaded already');
    if (entity.key[0] !== 'workspace')
      return loading.restore(entity, (workspace) => this.#populate(workspace));
    const workspace = loading.workspace(entity, this.#oldSleighs);
    this.#numbers = Math.max(this.#numbers, workspace.number);
    this.#keep(workspace, workspace.metadata.has(KEY.wsType));
  }

  /** Creates the plugin of a workspace of before a restart. */
  #populate(workspace: Workspace): void {
    const type = workspace.metadata.get(KEY.wsType);
    if (type === undefined) return;
    const plugin = this.#plugins.get(type)?.(workspace, workspace.metadata);
    if (plugin === undefined || isRefusal(plugin)) throw plainError(STORED.unknownType(workspace.name, type));
    workspace.plugin = plugin;
    this.#occupied.add(workspace);
  }

  /** A session of before a restart has opened or used the workspace of that number, which may have been deleted since. */
  reopen(number: number, session: Opener, isOwner: boolean): void {
    const workspace = this.#loading?.find(number);
    if (workspace === undefined) return;
    session.references.add(workspace);
    if (!isOwner) return;
    workspace.owners.add(session);
    session.references.open(workspace);
  }

  /** @returns the variable of a value that was leased before a restart, while everything is taken up */
  leasePlace(workspace: number, variable: number): LeasePlace {
    const place = this.#loading?.variable(workspace, variable, (each) => this.#populate(each))?.leasePlace;
    if (place === undefined) throw fault(`variable ${workspace}/${variable} of a lease does not exist`);
    return place;
  }

  /** Everything is taken up; the clients of before the restart have disconnected (W6). */
  *restored(contain: (act: () => void) => void): Steps {
    const departed = this.#loading?.finish((workspace) => this.#populate(workspace));
    this.#loading = undefined;
    if (departed !== undefined) yield* this.clientLeft(departed, contain);
  }

  find(name: string): Workspace | undefined {
    return this.#all.get(name);
  }

  /** Opens a workspace (W2, W4, W9). */
  open(opening: OpenRequest, client: Opener): Refusal | undefined {
    const workspace = this.#referTo(opening, client, opening.label.length);
    if (!(workspace instanceof Workspace)) return workspace;
    if (workspace.owner === '') {
      workspace.owner = `${client.peer} (${opening.label})`;
      workspace.persistent = opening.persistent;
      workspace.charge('labels', workspace.owner.length, client.account);
    }
    workspace.owners.add(client);
    client.references.open(workspace);
    workspace.record.changed();
    return undefined;
  }

  /** Uses a workspace (W3). */
  use(opening: OpenRequest, client: Opener): Refusal | undefined {
    const workspace = this.#referTo(opening, client, 0);
    return workspace instanceof Workspace ? undefined : workspace;
  }

  /** @param labelBytes the length of its label */
  #referTo(opening: OpenRequest, { references, account }: Opener, labelBytes: number): Workspace | Refusal {
    const { name, create, metadata } = opening;
    const noRoom =
      references.refusal(name) ?? this.#host.accounting.budget.refusal(labelBytes, { client: account });
    if (noRoom !== undefined) return noRoom;
    this.#read(name);
    const workspace =
      this.#all.get(name) ?? (create ? this.#make(name, metadata, account) : NO_SUCH_WORKSPACE);
    if (workspace instanceof Workspace) references.add(workspace);
    return workspace;
  }

  #make(name: string, metadata: Metadata, maker: Account | undefined): Workspace | Refusal {
    const quota = readQuota(metadata);
    if (isRefusal(quota)) return quota;
    const durable = metadata.get(KEY.durable) ?? DURABLE.journal;
    if (!isDurability(durable)) return refusal(WORKSPACE.badDurability(durable));
    const type = metadata.get(KEY.wsType);
    const isDurable = durable === DURABLE.journal;
    // After a restart the plugin is created again, with the same metadata.
    const isWhole = type !== undefined && isDurable && this.#host.changes.isRecorded;
    const kept = isWhole ? metadata : shortOf(metadata);
    const bytes = { metadata: memoryOfMetadata(kept), jobs: type === undefined ? 0 : COST.job };
    const workspace = new Workspace(name, this.#host, {
      number: ++this.#numbers,
      isDurable,
      maker,
      quota: quota.bytes,
      oldSleighs: this.#oldSleighs,
    });
    const noRoom = workspace.accounting.refusalOf(
      COST.name + name.length + bytes.metadata + bytes.jobs,
      maker,
    );
    if (noRoom !== undefined) return noRoom;
    if (type !== undefined) {
      const createPlugin = this.#plugins.get(type);
      if (createPlugin === undefined) return refusal(WORKSPACE.unknownType());
      const plugin = createPlugin(workspace, metadata);
      if (isRefusal(plugin)) {
        workspace.record.end();
        return plugin;
      }
      workspace.plugin = plugin;
      this.#occupied.add(workspace);
    }
    workspace.metadata = kept;
    this.#keep(workspace, type !== undefined);
    workspace.record.changed();
    return workspace;
  }

  #keep(workspace: Workspace, hasPlugin: boolean): void {
    const { name, maker, metadata } = workspace;
    this.#all.set(name, workspace);
    workspace.accounting.keepName(name, maker);
    workspace.charge('metadata', memoryOfMetadata(metadata), maker);
    if (hasPlugin) workspace.charge('jobs', COST.job, maker);
  }

  /** Whether there is a workspace of that name is part of a reply, unless it survives nothing. */
  #read(name: string): void {
    const workspace = this.#all.get(name);
    if (workspace === undefined) this.#host.changes.read();
    else workspace.record.read();
  }

  /**
   * Creates a workspace with a unique name (W8).
   * @returns the name
   */
  makeTemporary(template: string, metadata: Metadata, { references, account }: Opener): string | Refusal {
    const { nameBytes } = this.#host.limits;
    const filled = fillTemplate(template, this.#temporaries, nameBytes);
    if (filled === undefined) return refusal(WORKSPACE.badTemplate(template));
    const name = unusedName(filled + this.#suffix, this.#part, (used) => this.#all.has(used));
    // A longer name could not be sent in a request.
    if (name.length > nameBytes) return refusal(WORKSPACE.badTemplate(template));
    const workspace = references.refusal(name) ?? this.#make(name, metadata, account);
    if (!(workspace instanceof Workspace))
      return workspace.code === 'unknown-kind' ? refusal(WORKSPACE.unknownTemporaryKind()) : workspace;
    this.#temporaries++;
    references.add(workspace);
    return name;
  }

  /** Finds the workspace that a connection has opened under a name (W5). */
  referredTo(name: string, references: References): Workspace | Refusal {
    const workspace = references.get(name);
    if (workspace === undefined) return unopened(name);
    workspace.record.read();
    return workspace.deleted ? NO_SUCH_WORKSPACE : workspace;
  }

  /**
   * Deletes a workspace (W7), or empties `__default` (W1). The contents are inaccessible at once.
   * @returns the steps that release them
   */
  delete(name: string, client: Opener): Refusal | Steps {
    this.#read(name);
    const workspace = this.#all.get(name);
    if (workspace === undefined) return refusal(WORKSPACE.doesNotExist(name));
    client.references.delete(name);
    // The workspace that always exists goes on without this owner.
    workspace.owners.delete(client);
    return this.#remove(workspace);
  }

  #remove(workspace: Workspace): Steps {
    if (workspace.name !== DEFAULT_WORKSPACE) {
      this.#all.delete(workspace.name);
      workspace.accounting.dropName(workspace.name, workspace.maker);
      workspace.deleted = true;
      this.#occupied.delete(workspace);
    }
    return workspace.end();
  }

  /**
   * Deletes the workspaces that a client owned, except persistent ones and jobs that outlive it (W6, W6.1).
   * @param contain runs a function whose failure must not prevent the others
   */
  *clientLeft(client: Opener, contain: (act: () => void) => void): Steps {
    for (const workspace of client.references.values()) yield* this.#leave(workspace, client, contain);
    yield* client.references.clear();
  }

  /** The server stops: as `clientLeft`, for a session that goes on with what survives the server (P15.3). */
  *sessionStops(session: Opener, contain: (act: () => void) => void): Steps {
    for (const workspace of session.references.values())
      if (!workspace.record.survivesServer) yield* this.#leave(workspace, session, contain);
  }

  *#leave(workspace: Workspace, client: Opener, contain: (act: () => void) => void): Steps {
    const isOwned = workspace.owners.delete(client) && !workspace.persistent && !workspace.deleted;
    const isOutlived = workspace.owners.size > 0 && workspace.plugin?.outlives?.(client) === true;
    if (isOwned && !isOutlived) yield* containedSteps(this.#remove(workspace), contain);
    yield;
  }

  /** Lists workspaces (W10). */
  list(asker: Client, listing: Listing, name?: string): Steps<Refusal | undefined> {
    if (name === undefined) this.#host.changes.read();
    else this.#read(name);
    if (name === undefined) return listWorkspaces(this.#owned, asker, listing);
    const workspace = this.#all.get(name);
    return listWorkspaces(workspace === undefined ? [] : [workspace], asker, listing);
  }
}

/** Reads the quota that the creator of a workspace sets, if any (W11). */
function readQuota(metadata: Metadata): { readonly bytes?: number | undefined } | Refusal {
  const text = metadata.get(KEY.memoryBytes);
  if (text === undefined) return {};
  const bytes = parseWhole(text);
  if (bytes !== undefined && bytes >= 0) return { bytes };
  return refusal(WORKSPACE.badQuota(text));
}

/** As many entries as are short enough together. */
export function shortOf(metadata: Metadata): Metadata {
  if (metadata.size === 0) return NO_METADATA;
  const kept = new Map<string, string>();
  let length = 0;
  for (const [name, text] of metadata) {
    length += name.length + text.length;
    if (length > BOUNDS.creationMetadataBytes.value) break;
    kept.set(name, text);
  }
  return kept;
}
