import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Laboratory } from './laboratory.ts';
import { mutated, type SourceMutant } from './operators.ts';
import { textOf } from './sample.ts';

const CONFIG = {
  extends: './tsconfig.json',
  compilerOptions: { incremental: true, tsBuildInfoFile: 'mutants.tsbuildinfo' },
  include: ['src'],
  exclude: ['src/page', 'src/verify', 'src/cli'],
};

/** The files of the source in which the compiler finds an error. */
function filesWithErrors(folder: string): Promise<Set<string>> {
  writeFileSync(join(folder, 'tsconfig.mutants.json'), JSON.stringify(CONFIG));
  const compiler = join('node_modules', 'typescript', 'bin', 'tsc');
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [compiler, '--noEmit', '--pretty', 'false', '-p', 'tsconfig.mutants.json'],
      { cwd: folder, maxBuffer: 2 ** 26 },
      (_error, stdout) =>
        resolve(new Set([...stdout.matchAll(/^(src\/[^(]+)\(/gm)].map(([, file = '']) => file))),
    );
  });
}

/**
 * The first mutants that the compiler accepts: the others never reach a test. It looks at one mutant of each file at a time.
 * @param size how many are wanted
 * @param isAccepted whether a mutant was accepted before
 */
export async function compilable(
  mutants: readonly SourceMutant[],
  size: number,
  laboratory: Laboratory,
  isAccepted: (mutant: SourceMutant) => boolean,
): Promise<SourceMutant[]> {
  const refused = new Set<SourceMutant>();
  const looked = new Set(mutants.filter(isAccepted));
  const wanted = (): SourceMutant[] => mutants.filter((mutant) => !refused.has(mutant)).slice(0, size);
  for (;;) {
    const round = new Map<string, SourceMutant>();
    for (const mutant of wanted())
      if (!looked.has(mutant) && !round.has(mutant.file)) round.set(mutant.file, mutant);
    if (round.size === 0) return wanted();
    for (const [file, mutant] of round)
      writeFileSync(join(laboratory.folder, file), mutated(textOf(file), mutant));
    const wrong = await filesWithErrors(laboratory.folder);
    for (const [file, mutant] of round) {
      looked.add(mutant);
      if (wrong.has(file)) refused.add(mutant);
      writeFileSync(join(laboratory.folder, file), textOf(file));
    }
  }
}
