import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** The Node that runs the package, or another one if named. */
const NODE = process.env['SLEIGH_TEST_NODE'] ?? process.execPath;

const { packages }: { packages: Readonly<Record<string, { readonly dev?: boolean }>> } = JSON.parse(
  readFileSync(join(ROOT, 'package-lock.json'), 'utf8'),
);

/** The outcome of a program. */
export interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * A new project in which the package is installed from the output of `npm pack`: only the files that users get. Nothing
 * is downloaded; dependencies are linked.
 */
export class InstalledPackage implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), 'sleigh-package-'));
  readonly #modules = join(this.path, 'node_modules');

  constructor() {
    const flags = ['pack', '--ignore-scripts', '--silent', '--pack-destination', this.path];
    execFileSync('npm', flags, { cwd: ROOT, stdio: 'ignore' });
    const tarball = readdirSync(this.path).find((name) => name.endsWith('.tgz')) ?? '';
    const here = join(this.#modules, 'sleigh');
    mkdirSync(here, { recursive: true });
    execFileSync('tar', ['xzf', join(this.path, tarball), '-C', here, '--strip-components', '1']);
    for (const [path, { dev = false }] of Object.entries(packages))
      if (path !== '' && !dev) this.link(path.slice('node_modules/'.length));
    this.write('package.json', '{ "name": "project", "private": true, "type": "module" }');
  }

  /** Links a package of this repository into the project. */
  link(name: string): void {
    mkdirSync(dirname(join(this.#modules, name)), { recursive: true });
    symlinkSync(join(ROOT, 'node_modules', name), join(this.#modules, name));
  }

  write(name: string, text: string): void {
    mkdirSync(dirname(join(this.path, name)), { recursive: true });
    writeFileSync(join(this.path, name), text);
  }

  /** Runs Node to its end. */
  node(args: readonly string[], input = ''): Ended {
    return spawnSync(NODE, args, { cwd: this.path, encoding: 'utf8', input, timeout: 120_000 });
  }

  /** Runs the command of the package to its end. */
  sleigh(args: readonly string[], input?: string): Ended {
    return this.node([this.#command, ...args], input);
  }

  /**
   * Starts the command of the package.
   * @returns the process, with the first line that it prints
   */
  async start(args: readonly string[]): Promise<{ child: ChildProcess; line: string }> {
    const child = spawn(NODE, [this.#command, ...args], {
      cwd: this.path,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = await once(createInterface(child.stdout), 'line');
    return { child, line: String(line) };
  }

  get #command(): string {
    return join(this.#modules, 'sleigh/dist/cli/main.js');
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}
