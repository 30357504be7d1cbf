import type { Found } from '../connection/connection.ts';
import { LeftBytes } from '../task/outcome.ts';
import type { ChunkOutcome } from '../task/task-metadata.ts';
import { Chunk } from '../values/chunk.ts';
import { LeftElement } from './left-element.ts';
import type { Sent } from './task-parts.ts';

/** The size of the results of a task; 0 for one that is so small that it has not stayed at the server. */
export function bytesOf({ value }: Found, [first]: readonly ChunkOutcome[]): number {
  if (value instanceof Chunk) return value.bytes;
  return first !== undefined && 'value' in first && first.value instanceof LeftBytes ? first.value.bytes : 0;
}

/** A result that has stayed at the server is an element of the next stage. */
export function leftAnswer({ parts: [part], left }: Sent, answer: ChunkOutcome): ChunkOutcome {
  const values = part?.owner.leaves;
  if (values === undefined || left === undefined || 'failure' in answer) return answer;
  const { value } = answer;
  return value instanceof LeftBytes ? { value: new LeftElement(values, left, value.bytes) } : answer;
}
