import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { StateMachine, type AnyStateMachine } from 'xstate';
import type { Mutant } from './mutant.ts';

const ROOT = new URL('../../', import.meta.url);

/** What is put in the place of what, in guards, assigns and what contexts begin with. */
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

/** No fault: what is made of it must hold. */
export const nothing = (text: string): CodeChange[] => [{ name: 'nothing is changed', text }];

const isCode = (line: string): boolean => !/^\s*(\*|\/|import\b|export type\b)/.test(line);
/** What stands in quotes is no code. */
const masked = (line: string): string => line.replace(/'[^']*'/g, (quoted) => '_'.repeat(quoted.length));

/** The text of a chart with one replacement, for each that there is. */
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

/** Charts whose code is changed: what guards and assigns compute. @param name of the file in src/machines */
export async function* codeMutantsOf(
  name: string,
  changesOf: (text: string) => Iterable<CodeChange>,
): AsyncGenerator<Mutant> {
  const source = new URL(`src/machines/${name}.ts`, ROOT);
  const text = readFileSync(source, 'utf8');
  const folder = mkdtempSync(join(tmpdir(), 'chart-mutants-'));
  try {
    symlinkSync(fileURLToPath(new URL('node_modules', ROOT)), join(folder, 'node_modules'));
    let made = 0;
    for (const { name: what, text: changed } of changesOf(text)) {
      const file = join(folder, `${basename(name)}-${++made}.ts`);
      writeFileSync(
        file,
        changed.replace(
          /from '(\.[^']*)'/g,
          (_, path: string) => `from '${fileURLToPath(new URL(path, source))}'`,
        ),
      );
      yield { operator: 'code changed', name: what, machine: await machineIn(file) };
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
