import type { TaskContext } from '../../../src/client/index.ts';

interface Factor {
  readonly factor: number;
}
export function times(n: number, context: TaskContext<Factor>): number;
export function copiesOf(factor: number, context: TaskContext<Factor>): number;
export function slowly(n: number, context: TaskContext<Factor>): Promise<number>;
export function add(n: number): number;
export function text(value: number): string;
export function fail(n: number): number;
