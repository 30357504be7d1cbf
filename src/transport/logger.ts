import { destination, pino, type Logger } from 'pino';
import { printable } from '../wire/printable.ts';
import type { Level } from './log-levels.ts';

/** Bytes that wait while standard error cannot be written, as on a full disk; more are lost. */
const MOST_WAITING = 2 ** 20;

/** A line of JSON that a terminal shows as it stands, whatever names and labels are in it. */
export const printableLine = (line: string): string => `${printable(line.trimEnd())}\n`;

/** JSON lines on standard error; standard output belongs to what programs print. */
export function createLogger(level: Level): Logger {
  const standardError = destination({ dest: 2, maxLength: MOST_WAITING });
  // A log that cannot be written stops nobody, and nobody waits for it at the end.
  standardError.on('error', () => (standardError.flushSync = () => undefined));
  return pino(
    {
      level,
      base: { name: 'sleigh' },
      serializers: { error: pino.stdSerializers.err },
      hooks: { streamWrite: printableLine },
    },
    standardError,
  );
}
