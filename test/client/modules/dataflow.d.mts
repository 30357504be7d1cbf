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
export function block(options: { readonly bytes: number; readonly byte: number }): Uint8Array;
export function lengthOf(block: Uint8Array): number;
export function copy(block: Uint8Array): Uint8Array;
export function lengthLater(block: Uint8Array): Promise<number>;
export function failSecond(block: Uint8Array): Promise<number>;
export function blockFlaky(options: { readonly bytes: number; readonly file: string }): Uint8Array;
export function sumAfterDeath(block: Uint8Array, context: TaskContext<string>): number;
export function isCalled(value: unknown, context: TaskContext<string>): void;
export function sumInSecondCall(block: Uint8Array, context: TaskContext): number;
export function count(memory: SharedArrayBuffer): number;
export function countIn(
  n: number,
  context: TaskContext<{ readonly counter: Int32Array; readonly at: number }>,
): number;
export function shapeOf(value: {
  readonly all: SharedArrayBuffer;
  readonly part: Int16Array;
  readonly view: DataView;
  readonly text: string;
}): unknown;
export function firstByte(element: { readonly bytes: Uint8Array; readonly file?: string }): number;
