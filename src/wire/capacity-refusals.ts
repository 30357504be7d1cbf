import { errorKind, type Catalogue } from './error-kind.ts';

/** Of fifos with a capacity (V14). */
export const CAPACITY = {
  full: errorKind(
    'full',
    () => 'Store failed: the fifo holds as many values as its capacity.',
    'Store again when values have been fetched, or wait for room: `storeWait` (V14.2).',
  ),
  notANumber: errorKind(
    'bad-capacity',
    (text: string) => `a capacity is a whole number of at least 1, not "${text}".`,
    'Declare the fifo with such a number, or without a capacity (V14).',
    '0',
  ),
  notAFifo: errorKind(
    'capacity-of-mode',
    (mode: string) => `a variable of mode "${mode}" has no capacity.`,
    'Declare a fifo, or declare it without a capacity (V14).',
    'lifo',
  ),
  fixed: errorKind(
    'capacity-fixed',
    (capacity: string) => `Cannot change variable capacity to ${capacity}.`,
    'Declare the capacity before the first store, and the same each time (V14).',
    '7',
  ),
} as const satisfies Catalogue;
