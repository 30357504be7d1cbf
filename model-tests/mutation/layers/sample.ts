import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { mutantsIn, type SourceMutant } from './operators.ts';
import { recordMutantsIn } from './records.ts';

export const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

/** The folders of src whose mutants are tried. The machines have operators of their own. */
export const LAYERS = ['sleigh', 'workspace', 'core', 'wire', 'transport', 'client'] as const;
export type Layer = (typeof LAYERS)[number];

/** The places of these layers in which the state that survives the server is recorded, with mutants of their own. */
export const RECORDS = 'records';
export const RECORDING = ['core', 'sleigh', 'workspace'] as const satisfies readonly Layer[];
/** A layer, or the records. */
export type Subject = Layer | typeof RECORDS;

export const isLayer = (name: string): name is Layer => (LAYERS as readonly string[]).includes(name);
export const isSubject = (name: string): name is Subject => isLayer(name) || name === RECORDS;
export const SUBJECTS: readonly Subject[] = [...LAYERS, RECORDS];

/** The source files of a layer, from the root of the repository. */
export const filesOf = (layer: Layer): string[] =>
  readdirSync(join(ROOT, 'src', layer), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => `src/${layer}/${name.replaceAll('\\', '/')}`)
    .sort();

export const textOf = (file: string): string => readFileSync(join(ROOT, file), 'utf8');

/**
 * All mutants of a layer or of the records, in the order of the files.
 * @param texts only those of files whose path contains one of these texts, if there are any
 */
export function mutantsOf(subject: Subject, texts: readonly string[] = []): SourceMutant[] {
  const all = subject === RECORDS ? RECORDING.flatMap(filesOf) : filesOf(subject);
  const files = all.filter((file) => texts.length === 0 || texts.some((text) => file.includes(text)));
  const mutantsInFile = subject === RECORDS ? recordMutantsIn : mutantsIn;
  return files.flatMap((file) => mutantsInFile(file, textOf(file)));
}

/** The number of the first mutant of each file of a layer, if all of them are counted in this order. */
export function firstNumbers(layer: Layer): ReadonlyMap<string, number> {
  const numbers = new Map<string, number>();
  let next = 0;
  for (const file of filesOf(layer)) {
    numbers.set(file, next);
    next += mutantsIn(file, textOf(file)).length;
  }
  return numbers;
}

/** A pseudorandom number for a text and a seed (FNV-1a, mixed). */
function rank(name: string, seed: number): number {
  let hash = 2_166_136_261 ^ Math.imul(seed, 2_654_435_761);
  for (const character of name) hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 16_777_619);
  hash = Math.imul(hash ^ (hash >>> 16), 2_246_822_507);
  return (hash ^ (hash >>> 13)) >>> 0;
}

/** A random sample. A change of the source changes it only where the code has changed. */
export const sampleOf = (mutants: readonly SourceMutant[], size: number, seed: number): SourceMutant[] =>
  [...mutants].sort((a, b) => rank(a.name, seed) - rank(b.name, seed)).slice(0, size);
