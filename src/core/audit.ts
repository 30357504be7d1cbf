import { isStore, VARIABLE, VERB } from '../wire/names.ts';
import type { Request } from '../wire/request.ts';
import type { Host } from '../workspace/host.ts';
import type { Workspaces } from '../workspace/workspaces.ts';

/** Logs the actions of clients that affect others. The field `audit` marks these lines for auditors. */
export class Audit {
  readonly #host: Host;

  constructor(host: Host) {
    this.#host = host;
  }

  #note(message: string, peer: string, fields: Record<string, unknown> = {}): void {
    this.#host.log('info', message, { audit: true, peer, ...fields });
  }

  /** Called when a request was carried out. */
  carriedOut({ verb, args }: Request, peer: string, workspaces: Workspaces): void {
    const workspace = args[0] ?? '';
    if (verb === VERB.deadman) this.mayStop(peer);
    else if (verb === VERB.deleteWs) this.#note('a client deleted a workspace', peer, { workspace });
    else if (
      isStore(verb) &&
      args[1] === VARIABLE.rideOver &&
      workspaces.find(workspace)?.plugin !== undefined
    )
      this.#note('a client shut a job down', peer, { workspace });
  }

  /** P3. */
  mayStop(peer: string): void {
    this.#note('the server stops when the connection of this client closes', peer);
  }

  /** P3. */
  stops(peer: string): void {
    this.#note('the server stops: a client asked for it', peer);
  }

  /** The option is missing, wrong or not available (P2.3, P2.5). */
  denied(peer: string, option: string): void {
    this.#note('option denied', peer, { option });
  }

  /** P12. */
  overLimit(peer: string): void {
    this.#host.log('warn', 'connection refused: over the limit', {
      audit: true,
      peer,
      limit: 'connectionCount',
    });
  }
}
