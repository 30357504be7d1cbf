import { textOfKey, type Entity } from '../store/change.ts';
import { RecordReader } from '../store/record.ts';
import { fault } from '../wire/error-kind.ts';
import { metadataIn } from './value-record.ts';
import { References, type Opener } from './references.ts';
import type { Host } from './host.ts';
import type { Variable } from './variable.ts';
import { Workspace } from './workspace.ts';
import { FIRST } from './workspace-record.ts';

/**
 * Builds the workspaces of before a restart from their entities. It has no guards: what was accepted once is taken up as it
 * is, even if a limit has become smaller. All clients of before the restart are one here, which has departed.
 */
export class Loading {
  readonly #host: Host;
  readonly #workspaces: Map<number, Workspace>;
  readonly #departed: Opener;
  #isPopulated = false;

  /** @param first the workspace that always exists */
  constructor(host: Host, first: Workspace) {
    this.#host = host;
    this.#workspaces = new Map([[FIRST, first]]);
    this.#departed = {
      id: 0,
      peer: 'before the restart',
      references: new References(host.accounting.budget),
      closeListeners: new Set(),
      answer: () => undefined,
      refuse: () => undefined,
    };
  }

  find(number: number): Workspace | undefined {
    return this.#workspaces.get(number);
  }

  /** Takes up the record of a workspace. */
  workspace(entity: Entity, oldSleighs: Set<Workspace>): Workspace {
    const record = RecordReader.of(entity);
    const number = entity.key[1] ?? FIRST;
    const quota = record.optionalNumber('quota');
    const name = record.text('name');
    const workspace = new Workspace(name, this.#host, { number, quota, oldSleighs, isLoaded: true });
    workspace.owner = record.text('owner');
    workspace.persistent = record.flag('persistent');
    workspace.metadata = metadataIn(record);
    workspace.charge('labels', workspace.owner.length, undefined);
    if (record.flag('isOwned')) {
      workspace.owners.add(this.#departed);
      this.#departed.references.add(workspace);
    }
    this.#workspaces.set(number, workspace);
    return workspace;
  }

  /**
   * Takes up an entity inside of a workspace.
   * @param populate creates the plugin of a workspace, once its variables are known
   */
  restore(entity: Entity, populate: (workspace: Workspace) => void): void {
    const [kind, number = FIRST] = entity.key;
    const workspace = this.#workspaces.get(number);
    if (workspace === undefined) throw fault(`${textOfKey(entity.key)} belongs to no workspace`);
    if (kind === 'variable') return workspace.restoreVariable(entity);
    this.#populate(populate);
    if (kind === 'value') workspace.restoreValue(entity);
    else workspace.plugin?.restore?.(entity);
  }

  #populate(populate: (workspace: Workspace) => void): void {
    if (this.#isPopulated) return;
    this.#isPopulated = true;
    for (const workspace of this.#workspaces.values()) {
      populate(workspace);
      workspace.restoreVariables();
    }
  }

  /** @returns a variable by the numbers of its workspace and its own */
  variable(
    workspace: number,
    variable: number,
    populate: (workspace: Workspace) => void,
  ): Variable | undefined {
    this.#populate(populate);
    return this.#workspaces.get(workspace)?.savedVariable(variable);
  }

  /** @returns the client that had opened the workspaces that were owned */
  finish(populate: (workspace: Workspace) => void): Opener {
    this.#populate(populate);
    for (const workspace of this.#workspaces.values()) workspace.loaded();
    return this.#departed;
  }
}
