import type { TaskContext } from '../../../src/client/index.ts';

export const KINDS: Readonly<
  Record<
    string,
    { readonly make: () => unknown; readonly arrives?: () => unknown; readonly refused?: string }
  >
>;
export function echo(value: unknown): unknown;
export function make(name: string): unknown;
export function fixed(name: string, context: TaskContext<Readonly<Record<string, unknown>>>): unknown;
