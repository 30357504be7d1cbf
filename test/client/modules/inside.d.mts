import type { TaskContext } from '../../../src/client/index.ts';

export function counting(count: number, context: TaskContext): Promise<number>;
export function busy(count: number, context: TaskContext): Promise<void>;
export function talking(name: string, context: TaskContext): void;
export function unsendable(n: number, context: TaskContext): void;
export function waiting(milliseconds: number): Promise<number>;
export function flags(n: number): string[];
export function hungry(n: number): Promise<never>;
