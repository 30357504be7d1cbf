import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { withOpenFields } from '../../test/support/open-fields.ts';
import type { HandMade } from '../mutation/hand-made.ts';
import { withFault } from '../mutation/source-copy.ts';

const ROOT = new URL('../../', import.meta.url);

/** A copy of one folder of the source with a fault in it; all else is what the tests use as well. */
export class FaultyCopy {
  readonly #folder = mkdtempSync(join(tmpdir(), 'edge-faults-'));

  constructor(fault: HandMade) {
    const [, folder = '', name = ''] = /^(.*\/)([^/]*)$/.exec(fault.file) ?? [];
    const source = new URL(folder, ROOT);
    cpSync(source, this.#folder, { recursive: true });
    symlinkSync(fileURLToPath(new URL('node_modules', ROOT)), join(this.#folder, 'node_modules'));
    writeFileSync(join(this.#folder, name), withFault(fault));
    for (const file of readdirSync(this.#folder).filter((one) => one.endsWith('.ts'))) {
      const path = join(this.#folder, file);
      const absolute = (_: string, other: string): string =>
        `from '${fileURLToPath(new URL(other, source))}'`;
      const text = readFileSync(path, 'utf8').replace(/from '(\.\.\/[^']*)'/g, absolute);
      writeFileSync(path, withOpenFields(text));
    }
  }

  /** @returns what a file of the copy exports under a name */
  async export(file: string, name: string): Promise<unknown> {
    const module: unknown = await import(/* @vite-ignore */ pathToFileURL(join(this.#folder, file)).href);
    return Object(module)[name];
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true });
  }
}
