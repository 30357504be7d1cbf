import { destination, pino, type Logger } from 'pino';
import { printable } from '../wire/printable.ts';
import type { Level } from './log-levels.ts';

/** Bytes that wait while standard error cannot be written, as on a full disk. More are lost. */
const MAX_WAITING = 2 ** 20;

/** Escapes a line of JSON so that no name or label in it has an effect on a terminal. */
export const printableLine = (line: string): string => `${printable(line.trimEnd())}\n`;

/** Writes JSON lines to standard error, because standard output belongs to what programs print. */
export function createLogger(level: Level): Logger {
  const standardError = destination({ dest: 2, maxLength: MAX_WAITING });
  // A log that cannot be written must not stop the server, nor delay its end.
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
