import type { Workspace } from './workspace.ts';

/** One connection, as the clauses define it. */
export class Client {
  /** HOST:PORT */
  readonly peer: string;
  /** The workspaces that it has opened or used, as objects (W5). */
  readonly references = new Map<string, Workspace>();
  isBlocked = false;

  constructor(peer: string) {
    this.peer = peer;
  }
}
