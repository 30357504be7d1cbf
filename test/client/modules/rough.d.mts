import type { TaskContext } from '../../../src/client/index.ts';

export function who(_: unknown): string;
export function harmless(what: string): string;
export function uncaught(how: string): Promise<string>;
export function heedful(log: string, context: TaskContext): Promise<void>;
export function deaf(order: { how: string; milliseconds: number; log: string }): Promise<string>;
export function parent(order: { how: string; log: string }): Promise<void>;
export function dying(order: { log: string; times: number }): string;
export function hungry(bytes: number): number;
export function poisoned(element: number | string, context: TaskContext): number | string;
export function dyingAt(order: { rank: number }, context: TaskContext): string;
export function slowAtFirst(order: { slow: boolean; file: string }, context: TaskContext): Promise<number>;
