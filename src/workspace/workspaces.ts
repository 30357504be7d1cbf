import { NO_METADATA, type Metadata } from '../wire/payload.ts';
import type { Client } from './ask.ts';
import { listWorkspaces } from './listing.ts';
import { isRefusal, NO_SUCH_WORKSPACE, refusal, unopened, type Refusal } from './refusal.ts';
import { fillTemplate } from './template.ts';
import { Workspace, type Host, type WorkspaceKind } from './workspace.ts';

const DEFAULT = '__default';
/** Of what the maker of a workspace says of it so much is kept: characters. */
const KEPT_METADATA = 4_096;

/** What `open ws` and `use ws` ask for. */
export interface Opening {
  readonly name: string;
  readonly label: string;
  readonly persistent: boolean;
  readonly create: boolean;
  readonly metadata: Metadata;
}

/** The workspaces that a connection has opened or used: the very ones, whatever comes under their names later (W5). */
export type References = Map<string, Workspace>;

/** All workspaces of a server (W1–W10). */
export class Workspaces {
  readonly #all = new Map<string, Workspace>();
  readonly #occupied = new Set<Workspace>();
  readonly #host: Host;
  readonly #kinds: ReadonlyMap<string, WorkspaceKind>;
  /** Unique to this run of the server. */
  readonly #suffix: string;
  #temporaries = 0;

  constructor(host: Host, options: { kinds: ReadonlyMap<string, WorkspaceKind>; suffix: string }) {
    this.#host = host;
    this.#kinds = options.kinds;
    this.#suffix = options.suffix;
    const main = new Workspace(DEFAULT, host);
    main.owner = '[system]';
    main.persistent = true;
    this.#all.set(DEFAULT, main);
  }

  get all(): Iterable<Workspace> {
    return this.#all.values();
  }
  /** Those with an occupant, the oldest first. */
  get occupied(): ReadonlySet<Workspace> {
    return this.#occupied;
  }
  get count(): number {
    return this.#all.size;
  }
  /** Variables of all of them. */
  get variableCount(): number {
    // All but the first one have a name that is kept.
    return this.#host.holdings.names - (this.#all.size - 1);
  }

  find(name: string): Workspace | undefined {
    return this.#all.get(name);
  }

  /** W2, W4, W9. */
  open(opening: Opening, client: Client, references: References): Refusal | undefined {
    const workspace = this.#referTo(opening, references);
    if (!(workspace instanceof Workspace)) return workspace;
    if (workspace.owner === '') {
      workspace.owner = `${client.peer} (${opening.label})`;
      workspace.persistent = opening.persistent;
    }
    workspace.owners.add(client);
    return undefined;
  }

  /** W3. */
  use(opening: Opening, references: References): Refusal | undefined {
    const workspace = this.#referTo(opening, references);
    return workspace instanceof Workspace ? undefined : workspace;
  }

  #referTo(opening: Opening, references: References): Workspace | Refusal {
    const { name, create, metadata } = opening;
    const workspace = this.#all.get(name) ?? (create ? this.#make(name, metadata) : NO_SUCH_WORKSPACE);
    if (workspace instanceof Workspace) references.set(name, workspace);
    return workspace;
  }

  #make(name: string, metadata: Metadata): Workspace | Refusal {
    const noRoom = this.#host.holdings.nameRefusal(name);
    if (noRoom !== undefined) return noRoom;
    const type = metadata.get('wstype');
    const workspace = new Workspace(name, this.#host);
    if (type !== undefined) {
      const kind = this.#kinds.get(type);
      if (kind === undefined)
        return refusal('unknown-kind', "Failed to create workspace: couldn't load plugin.");
      const occupant = kind(workspace, metadata);
      if (isRefusal(occupant)) return occupant;
      workspace.occupant = occupant;
      this.#occupied.add(workspace);
    }
    workspace.metadata = shortOf(metadata);
    this.#all.set(name, workspace);
    this.#host.holdings.keepName(name);
    return workspace;
  }

  /** W8. @returns the name */
  makeTemporary(template: string, metadata: Metadata, references: References): string | Refusal {
    const { nameBytes } = this.#host.limits;
    const filled = fillTemplate(template, this.#temporaries, nameBytes);
    let name = (filled ?? '') + this.#suffix;
    while (this.#all.has(name)) name += '_';
    // A longer one is a name that nobody could say.
    if (filled === undefined || name.length > nameBytes)
      return refusal('bad-template', `mktemp: bad template "${template}".`);
    const workspace = this.#make(name, metadata);
    if (!(workspace instanceof Workspace))
      return workspace.code === 'unknown-kind'
        ? refusal('unknown-kind', 'Internal error: reference_space failed')
        : workspace;
    this.#temporaries++;
    references.set(name, workspace);
    return name;
  }

  /** The workspace that a connection means by a name (W5). */
  referredTo(name: string, references: References): Workspace | Refusal {
    const workspace = references.get(name);
    if (workspace === undefined) return unopened(name);
    return workspace.deleted ? NO_SUCH_WORKSPACE : workspace;
  }

  /** W7. `__default` is only emptied (W1). */
  delete(name: string, references: References): Refusal | undefined {
    const workspace = this.#all.get(name);
    if (workspace === undefined) return refusal('no-workspace', `Workspace "${name}" does not exist.`);
    references.delete(name);
    this.#remove(workspace);
    return undefined;
  }

  #remove(workspace: Workspace): void {
    if (workspace.name !== DEFAULT) {
      this.#all.delete(workspace.name);
      this.#host.holdings.dropName(workspace.name);
      workspace.deleted = true;
      this.#occupied.delete(workspace);
    }
    workspace.empty();
    workspace.occupant?.deleted();
  }

  /**
   * W6: what the client owns goes with it, unless it is persistent.
   * @param each carries out the end of one workspace, so that it cannot keep the others from theirs
   */
  clientLeft(client: Client, references: References, each: (act: () => void) => void): void {
    for (const workspace of references.values()) {
      if (!workspace.owners.delete(client) || workspace.persistent || workspace.deleted) continue;
      each(() => this.#remove(workspace));
    }
  }

  /** W10. */
  list(asker: Client, name?: string): string {
    if (name === undefined) return listWorkspaces(this.#all.values(), asker);
    const workspace = this.#all.get(name);
    return listWorkspaces(workspace === undefined ? [] : [workspace], asker);
  }
}

/** As many entries as are short enough together. */
function shortOf(metadata: Metadata): Metadata {
  if (metadata.size === 0) return NO_METADATA;
  const kept = new Map<string, string>();
  let length = 0;
  for (const [name, text] of metadata) {
    length += name.length + text.length;
    if (length > KEPT_METADATA) break;
    kept.set(name, text);
  }
  return kept;
}
