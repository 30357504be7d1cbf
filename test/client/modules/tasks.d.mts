import type { TaskContext } from '../../../src/client/index.ts';

export function square(n: number): number;
export function scaled(n: number, context: TaskContext<{ factor: number }>): number;
export function slowAtFirst(n: number): Promise<number>;
export function picky(n: number): number;
export function whoAmI(
  _: undefined,
  context: TaskContext,
): { rank: number; pid: number; isMainThread: boolean };
export function oddResult(): unknown;
export function map(entries: [string, number][]): Map<string, number>;
export function heedful(order: { folder: string; n: number }, context: TaskContext): Promise<number>;
export function counted(order: { folder: string; n: number }, context: TaskContext): Promise<number>;
export function deep(order: { folder: string; milliseconds: number }, context: TaskContext): number;
export function nap(milliseconds: number): Promise<number>;
export function heap(n: number): Promise<number>;
export function forever(): Promise<void>;
export function deadly(order: { folder: string; n: number }): number;
export function killing(): void;
export function sharing(n: number, context: TaskContext): Promise<void>;
export const notAFunction: number;
