import { destination, pino, type Logger } from 'pino';

export const LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const;
export type Level = (typeof LEVELS)[number];

/** JSON lines on standard error; standard output belongs to what programs print. */
export const createLogger = (level: Level): Logger =>
  pino({ level, base: { name: 'sleigh' }, serializers: { error: pino.stdSerializers.err } }, destination(2));
