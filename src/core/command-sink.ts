import type { FilePayload } from '../wire/payload.ts';
import type { LogLevel } from '../workspace/workspace.ts';
import type { Command } from './commands.ts';
import type { Metrics } from './metrics.ts';
import type { Turns } from './turns.ts';

/** What the parts of a connection use of the core: they give commands, and take turns (P14). */
export interface CommandSink {
  readonly figures: Metrics;
  readonly turns: Turns;
  command(command: Command): void;
  log(level: LogLevel, message: string, fields?: Record<string, unknown>): void;
  /** @param size bytes */
  newFile(size: number): FilePayload;
}
