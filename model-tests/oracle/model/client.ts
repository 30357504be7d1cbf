import type { Workspace } from './workspace.ts';

/** One connection or session, as the clauses define it. */
export class Client {
  /** HOST:PORT */
  readonly peer: string;
  /** The workspaces that it has opened or used, as objects (W5). */
  readonly references = new Map<string, Workspace>();
  isBlocked = false;
  /** Whether it lasts when its connection does not (P15). */
  readonly isSession: boolean;

  constructor(peer: string, isSession = false) {
    this.peer = peer;
    this.isSession = isSession;
  }
}
