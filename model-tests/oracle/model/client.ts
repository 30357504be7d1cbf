import type { Workspace } from './workspace.ts';

/** One connection, as the clauses know it. */
export class Client {
  /** HOST:PORT */
  readonly peer: string;
  /** What it has opened or used, the very ones (W5). */
  readonly references = new Map<string, Workspace>();
  isBlocked = false;

  constructor(peer: string) {
    this.peer = peer;
  }
}
