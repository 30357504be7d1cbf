import type { Catalogue } from '../../wire/error-kind.ts';
import { CONNECTION, REPLY } from './connection.ts';
import { LAUNCH, MODULE, PROCESS, SLEIGH, TASK } from './job.ts';
import { BYTES, USAGE, VALUE } from './usage.ts';

/** Every error of the client library, by the class that carries it: its code, its text, and what to do about it. */
export const CLIENT_ERRORS: Readonly<Record<string, Catalogue>> = {
  'TypeError and RangeError': USAGE,
  'TypeError, of values that are sent': VALUE,
  'NwsError and TimeoutError': REPLY,
  ConnectionLostError: CONNECTION,
  SleighError: SLEIGH,
  LaunchError: LAUNCH,
  ModuleError: MODULE,
  TaskError: TASK,
  'Values that cannot be read': BYTES,
  'Workers and sentinels': PROCESS,
};
