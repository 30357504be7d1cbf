import type { TaskContext } from '../../../src/client/index.ts';

export function together(
  milliseconds: number,
  context: TaskContext,
): Promise<{ rank: number; seen: number; pid: number }>;
export function poison(n: number, context: TaskContext<readonly number[]>): Promise<number>;
export function block(n: number, context: TaskContext<number>): Promise<number>;
export function unhandled(n: number): Promise<number>;
export function deaf(n: number): Promise<void>;
export function random(n: number, context: TaskContext): Promise<number>;
export function shared(n: number, context: TaskContext<string>): number;
export function pid(argument: null): number;
