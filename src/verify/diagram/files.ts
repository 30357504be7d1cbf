import { mkdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sequenceMermaid } from './mermaid.ts';
import type { SequenceDiagram } from './sequence.ts';
import { sequenceSvg } from './svg.ts';

/** Where diagrams of failed tests are written, unless SLEIGH_DIAGRAMS names a folder. */
const folder = (): string => process.env['SLEIGH_DIAGRAMS'] ?? join(tmpdir(), 'sleigh-counterexamples');

/**
 * Writes a counterexample as a picture and as Mermaid text.
 * @returns a line for the message of the failure that names both files
 */
export function writeCounterexample(name: string, diagram: SequenceDiagram): string {
  const base = join(folder(), name.replace(/[^\w.-]+/g, '-').slice(0, 80));
  mkdirSync(folder(), { recursive: true });
  writeFileSync(`${base}.svg`, sequenceSvg(diagram));
  writeFileSync(`${base}.mmd`, sequenceMermaid(diagram));
  return `as a picture: ${base}.svg (and ${base}.mmd)`;
}

/** The text of the diagram in the format that the name of its file ends with: `.mmd` is Mermaid, all others SVG. */
export const diagramText = (path: string, diagram: SequenceDiagram): string =>
  path.endsWith('.mmd') ? sequenceMermaid(diagram) : sequenceSvg(diagram);
