import type { TaskContext } from '../../../src/client/index.ts';

interface Failing {
  readonly folder: string;
  readonly until: number;
  readonly every: number;
}
export function failing(n: number, context: TaskContext<Failing>): number;
export function hopeless(n: number): never;
export function dying(n: number, context: TaskContext): number;
export function drawn(n: number, context: TaskContext): [index: number, first: number, second: number];
export function drawnAgain(n: number, context: TaskContext): [index: number, first: number, second: number];
