import type { FilePayload } from '../wire/payload.ts';
import type { LogLevel } from '../workspace/host.ts';
import type { Command } from './commands.ts';
import type { Metrics } from './metrics.ts';
import type { Turns } from './turns.ts';

/** The part of the core that the parts of a connection use: it accepts commands and turns (P14). */
export interface CommandSink {
  readonly figures: Metrics;
  readonly turns: Turns;
  command(command: Command): void;
  log(level: LogLevel, message: string, fields?: Record<string, unknown>): void;
  /** @param size bytes */
  newFile(size: number): FilePayload;
}
