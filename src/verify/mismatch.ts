import { setTimeout as sleep } from 'node:timers/promises';
import type { Reply } from './client-codec.ts';

/** The server deviates from its machines. */
export class Mismatch extends Error {
  override readonly name = 'Mismatch';
}

/** The expected parts of a reply; absent parts may be anything. */
export interface Expectation {
  readonly status?: string;
  readonly reason?: string;
  readonly value?: string;
}

/** @throws Mismatch */
export function mustBe(what: string, answer: Reply, expected: Expectation): void {
  const wanted = { status: '0000', ...expected };
  for (const name of ['status', 'reason', 'value'] as const) {
    const right = wanted[name];
    if (right !== undefined && answer[name] !== right)
      throw new Mismatch(`${what}: ${name} is "${answer[name]}", not "${right}"${because(answer)}`);
  }
}

const because = ({ reason }: Reply): string => (reason === '' ? '' : ` (${reason})`);

/** @throws Mismatch */
export function mustHold(holds: boolean, what: string): void {
  if (!holds) throw new Mismatch(what);
}

/** Milliseconds that an immediate effect may take: less than any drain period, which would cause the effect as well. */
export const SOON = 6_000;

/**
 * Checks again until the condition holds.
 * @param wrong describes what does not hold yet.
 * @throws Mismatch
 */
export async function eventually(
  wrong: () => Promise<string | undefined>,
  milliseconds = SOON,
): Promise<void> {
  const deadline = performance.now() + milliseconds;
  for (let pause = 1; ; pause = Math.min(pause * 2, 50)) {
    const what = await wrong();
    if (what === undefined) return;
    if (performance.now() > deadline) throw new Mismatch(what);
    await sleep(pause);
  }
}
