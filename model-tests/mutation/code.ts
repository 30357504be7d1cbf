import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { StateMachine, type AnyStateMachine } from 'xstate';
import type { Mutant } from './mutant.ts';

const ROOT = new URL('../../', import.meta.url);

/** The replacements of expressions in guards, assigns and initial contexts. */
const REPLACEMENTS: readonly (readonly [what: RegExp, by: string])[] = [
  [/ >= /g, ' > '],
  [/ > /g, ' >= '],
  [/ > /g, ' < '],
  [/ === /g, ' !== '],
  [/ && /g, ' || '],
  [/ \?\? /g, ' && '],
  [/ \+ /g, ' - '],
  [/ - /g, ' + '],
  [/\btrue\b/g, 'false'],
  [/\bfalse\b/g, 'true'],
  [/\b0\b/g, '1'],
  [/\b1\b/g, '2'],
  [/\b60\b/g, '61'],
  [/\bMath\.min\b/g, 'Math.max'],
];

interface CodeChange {
  readonly name: string;
  readonly text: string;
}

/** Not a fault: the result must be equivalent. */
export const nothing = (text: string): CodeChange[] => [{ name: 'nothing is changed', text }];

const isCode = (line: string): boolean => !/^\s*(\*|\/|import\b|export type\b)/.test(line);
/** Text in quotes is not code. */
const masked = (line: string): string => line.replace(/'[^']*'/g, (quoted) => '_'.repeat(quoted.length));

/** The source of a machine with one replacement, for each possible one. */
export function* oneFault(text: string): Generator<CodeChange> {
  const lines = text.split('\n');
  for (const [n, line] of lines.entries()) {
    if (!isCode(line)) continue;
    for (const [what, by] of REPLACEMENTS)
      for (const [at, { index, 0: found }] of [...masked(line).matchAll(what)].entries()) {
        const changed = line.slice(0, index) + by + line.slice(index + found.length);
        yield {
          name: `${line.trim()} … ${found.trim()}${at > 0 ? ` [${at}]` : ''} becomes ${by.trim()}`,
          text: lines.with(n, changed).join('\n'),
        };
      }
  }
}

/** Files with guards and actions that have another name than their machine, or belong to several. */
const SETUPS: Readonly<Record<string, string>> = {
  'policies/backoff': 'policies/recovery',
  'policies/locality': 'policies/placement',
  'policies/speculation': 'policies/stragglers',
};

/** The source files of a machine: the machine, and its guards and actions if they are in a separate file. */
const filesOf = (name: string): readonly URL[] =>
  [`${name}.ts`, `${SETUPS[name] ?? name}-setup.ts`]
    .map((file) => new URL(`src/machines/${file}`, ROOT))
    .filter((source) => existsSync(source));

/**
 * Machines whose code is changed: the expressions of guards and assigns.
 * @param name of the file in src/machines
 */
export async function* codeMutantsOf(
  name: string,
  changesOf: (text: string) => Iterable<CodeChange>,
): AsyncGenerator<Mutant> {
  const folder = mkdtempSync(join(tmpdir(), 'chart-mutants-'));
  /** @returns the path of a copy that imports what the source does, or copies of that */
  const copy = (
    source: URL,
    file: string,
    text: string,
    copies: Readonly<Record<string, string>> = {},
  ): string => {
    const path = join(folder, file);
    const found = (from: string): string => copies[basename(from)] ?? fileURLToPath(new URL(from, source));
    writeFileSync(
      path,
      text.replace(/from '(\.[^']*)'/g, (_, from: string) => `from '${found(from)}'`),
    );
    return path;
  };
  try {
    symlinkSync(fileURLToPath(new URL('node_modules', ROOT)), join(folder, 'node_modules'));
    const [machine, setup] = filesOf(name);
    if (machine === undefined) throw new Error(`there is no machine src/machines/${name}.ts`);
    const text = readFileSync(machine, 'utf8');
    let made = 0;
    const nameOfCopy = (): string => `${basename(name)}-${++made}.ts`;
    for (const change of changesOf(text)) {
      const file = copy(machine, nameOfCopy(), change.text);
      yield { operator: 'code changed', name: change.name, machine: await machineIn(file) };
    }
    if (setup === undefined) return;
    for (const change of changesOf(readFileSync(setup, 'utf8'))) {
      const changed = copy(setup, `setup-${nameOfCopy()}`, change.text);
      const file = copy(machine, nameOfCopy(), text, { [basename(setup.pathname)]: changed });
      yield { operator: 'code changed', name: change.name, machine: await machineIn(file) };
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function machineIn(file: string): Promise<AnyStateMachine> {
  const module: unknown = await import(/* @vite-ignore */ pathToFileURL(file).href);
  if (typeof module !== 'object' || module === null) throw new Error(`${file} is no module`);
  const exported: unknown[] = Object.values(module);
  const machine = exported.find((made) => made instanceof StateMachine);
  if (machine === undefined) throw new Error(`no chart in ${file}`);
  return machine;
}
