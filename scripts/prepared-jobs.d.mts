/** Described in prepared-jobs.mjs. */
export interface PreparedJobs {
  readonly url: string;
  /** For changes from the page. */
  readonly token: string;
  /** The path of each page, by a name. */
  readonly pages: Readonly<Record<string, string>>;
  close(): Promise<void>;
}

/**
 * @param options `tasks`: the number of tasks of the large job, by default 100,000. `workers`: the number of workers of
 *   the wide one, by default 200; they are threads of this process.
 * @returns when the tasks of the large job are done
 */
export function prepareJobs(options?: {
  readonly tasks?: number;
  readonly workers?: number;
}): Promise<PreparedJobs>;
