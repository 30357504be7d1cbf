import { PROCESS } from '../errors/job.ts';
import { plainError, reasonOf } from '../../wire/error-kind.ts';

/** The working directory and the environment of workers. */
export interface Place {
  /** An absolute path. The default is the directory of the program that starts them. */
  readonly cwd?: string | undefined;
  /** Variables in addition to those of the program that starts them. */
  readonly env?: Readonly<Record<string, string>> | undefined;
}

/**
 * Applies it to this process and to those that it starts.
 * @throws Error if there is no such folder, or this is a thread, which has no directory of its own
 */
export function enter({ cwd, env = {} }: Place): void {
  Object.assign(process.env, env);
  if (cwd === undefined) return;
  try {
    process.chdir(cwd);
  } catch (cause) {
    const why = reasonOf(cause);
    throw plainError(PROCESS.noFolder(cwd, why), { cause });
  }
}
