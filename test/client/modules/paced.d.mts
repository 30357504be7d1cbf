import type { TaskContext } from '../../../src/client/index.ts';

export interface Called {
  n: number;
  rank: number;
  /** How many calls this is of its worker, from 1. */
  call: number;
}

export function paced(element: { n: number; milliseconds?: number }, context: TaskContext): Promise<Called>;
export function deadly(n: number): number;
export function odd(n: unknown): { n: number; call: number };
export function sizeOf(text: string): number;
