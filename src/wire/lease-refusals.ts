import { errorKind, type Catalogue } from './error-kind.ts';

/** Of leases (V13). */
export const LEASE = {
  badTime: errorKind(
    'bad-lease',
    (text: string, most: number) =>
      `a lease has a whole number of milliseconds from 1 to ${most}, not "${text}".`,
    'Extend it when it is to last longer (V13.3).',
    '0',
    604_800_000,
  ),
  badEnd: errorKind(
    'bad-lease-end',
    (text: string) => `a lease ends with done or back, not with "${text}".`,
    'Say done to remove the value, back to return it (V13.1, V13.2).',
    'over',
  ),
  notHeld: errorKind(
    'not-held',
    (lease: string) => `this client does not hold the lease "${lease}".`,
    'The value may have returned, because the time of the lease has elapsed: take it again (V13.2).',
    '7',
  ),
} as const satisfies Catalogue;
