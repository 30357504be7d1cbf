import type { Logger } from 'pino';
import type { TcpServer } from '../transport/server.ts';
import type { ClusterFigures } from '../core/whole.ts';
import type { LiveSite } from './live-site.ts';
import type { OwnParts } from './own-parts.ts';
import type { Whole } from '../core/whole.ts';

interface Owned {
  readonly tcp: TcpServer;
  readonly cluster: ClusterFigures;
  /** Undefined until another server has asked. */
  site?: LiveSite;
}

/** A server of several without a page. Its jobs are on the pages of the others, for which it answers their questions. */
export class WithoutPage {
  readonly #logger: Logger;
  readonly #owned = new Map<number, Owned>();
  #own: OwnParts | undefined;
  #defaultAt = 0;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  begin({ defaultAt }: Pick<Whole, 'defaultAt'>): void {
    this.#defaultAt = defaultAt;
  }

  own(partition: number, tcp: TcpServer, cluster: ClusterFigures): void {
    this.standBy(partition);
    this.#owned.set(partition, { tcp, cluster });
  }

  standBy(partition: number, _owner?: object): void {
    this.#owned.get(partition)?.site?.close();
    this.#owned.delete(partition);
    this.#own?.delete(partition);
  }

  /** @returns the answer to another server, as JSON; undefined if there is none */
  async answer(question: string): Promise<string | undefined> {
    // Loaded only if a server asks: one without a page starts sooner, and uses less memory.
    const { LiveSite } = await import('./live-site.ts');
    const { OwnParts } = await import('./own-parts.ts');
    const own = (this.#own ??= new OwnParts(this.#defaultAt));
    for (const [partition, owned] of this.#owned) {
      if (owned.site !== undefined) continue;
      const { tcp, cluster } = owned;
      owned.site = new LiveSite(tcp, { dist: undefined, token: undefined, logger: this.#logger, cluster });
      own.set(partition, owned.site.views);
    }
    const answer = own.answer(question);
    return answer && JSON.stringify(answer);
  }

  close(): void {
    for (const partition of this.#owned.keys()) this.standBy(partition);
  }
}
