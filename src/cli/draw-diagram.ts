import { writeFileSync } from 'node:fs';
import type { SequenceDiagram } from '../verify/diagram/sequence.ts';
import { FILE } from './errors.ts';
import { explain } from './explain.ts';
import { fail, lineFor } from './fail.ts';

/** Writes a diagram to a file, and says so on standard error. */
export async function drawDiagram(path: string, diagram: SequenceDiagram): Promise<void> {
  const { diagramText } = await import('../verify/diagram/files.ts');
  try {
    writeFileSync(path, diagramText(path, diagram));
  } catch (error) {
    fail(FILE.unwritable(path, explain(error)));
  }
  process.stderr.write(lineFor(`the violation is drawn in ${path}`, { event: 'drawn', file: path }));
}
