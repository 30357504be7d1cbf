/** Where workers are at home: the folder that they are started in, and what they find in their environment. */
export interface Place {
  /** An absolute path; unless told that of the program that starts them. */
  readonly cwd?: string | undefined;
  /** Variables beside those of the program that starts them. */
  readonly env?: Readonly<Record<string, string>> | undefined;
}

/**
 * Makes it the place of this process, and of those that it starts.
 * @throws Error when there is no such folder, or this is a thread, which has none of its own
 */
export function enter({ cwd, env = {} }: Place): void {
  Object.assign(process.env, env);
  if (cwd === undefined) return;
  try {
    process.chdir(cwd);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`cannot enter the folder ${cwd}: ${why}`, { cause });
  }
}
