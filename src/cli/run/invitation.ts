import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { NetWorkSpace } from '../../client/workspace/net-work-space.ts';
import { textOfServers } from '../server-options.ts';
import { RunFileError } from './append-file.ts';

/**
 * The command that lets other workers join a job, and a file with the token of its server, which is deleted when the
 * run ends.
 */
export class Invitation implements Disposable {
  #folder: string | undefined;

  /** @param isOwn whether the server was started for this run, so that only this process knows its token */
  to(
    { name, server: { host = '', port = 0, others = [], token } }: NetWorkSpace,
    isOwn: boolean,
  ): { readonly text: string; readonly event: object } {
    const address = textOfServers({ host, port, others });
    const tokenFile = isOwn && token !== undefined ? this.#write(token) : undefined;
    const withToken = tokenFile === undefined ? '' : ` --token-file ${tokenFile}`;
    return {
      text: `sleigh worker '${name}' --server ${address}${withToken}`,
      event: {
        event: 'joining',
        sleigh: name,
        server: address,
        ...(tokenFile !== undefined && { tokenFile }),
      },
    };
  }

  /** Only this user may read the file. */
  #write(token: string): string {
    try {
      this.#folder = mkdtempSync(join(tmpdir(), 'sleigh-run-'));
      const path = join(this.#folder, 'token');
      writeFileSync(path, `${token}\n`, { mode: 0o600 });
      return path;
    } catch (error) {
      throw new RunFileError('unwritable', tmpdir(), error);
    }
  }

  [Symbol.dispose](): void {
    if (this.#folder !== undefined) rmSync(this.#folder, { recursive: true, force: true });
  }
}
