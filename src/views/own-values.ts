/** Values of this project's own clients as text for people (C1, C2, C5). */
import { itemsOfChunk, type ChunkForm } from '../wire/chunk.ts';
import { graphText } from './graph-text.ts';
import { decode } from './names.ts';

const NEWLINE = 0x0a;
/** The digits of the length of a graph. */
const MAX_DIGITS = 20;

/** @returns undefined if the bytes have no readable form: what is no text, and a graph that is cut off */
export function textOfForm(form: ChunkForm, bytes: Buffer): string | undefined {
  switch (form) {
    case 'text':
    case 'json':
      return decode(bytes, { isCut: true });
    case 'graph': {
      const start = bytes.indexOf(NEWLINE) + 1;
      const length = Number(bytes.toString('latin1', 0, Math.min(start, MAX_DIGITS)));
      if (start === 0 || Number.isNaN(length)) return undefined;
      const json = decode(bytes.subarray(start, start + length), { isCut: true });
      return graphText(json) ?? json;
    }
    case 'bytes':
    case 'uint8array':
    case 'pickle':
  }
  return undefined;
}

/** As `textOfForm`, or the size. */
export const shownForm = (form: ChunkForm, bytes: Buffer): string =>
  textOfForm(form, bytes) ?? `(${form === 'pickle' ? 'pickle' : 'bytes'}: ${bytes.length} bytes)`;

/** The values of a chunk, a line for each, or more where a value has more. */
export function chunkText(encoded: Buffer): string {
  const lines: string[] = [];
  for (const item of itemsOfChunk(encoded)) {
    if (item === undefined) lines.push('…');
    else
      lines.push(`${lines.length}: ${item.isFailure ? 'failed, ' : ''}${shownForm(item.form, item.bytes)}`);
  }
  return lines.join('\n');
}
