import { failureLine } from '../fail.ts';
import { TOOL } from '../errors.ts';

/** The exit status of a program of which nothing is left but a top-level await that waits. */
const UNSETTLED = 13;

/**
 * Says that the module of the user has ended this process, as long as it is not disposed of. Such a run has failed, whatever
 * status the module has chosen, because lines may have no result.
 */
export class ExitNotice implements Disposable {
  /** Whether the module has been loaded. */
  isLoaded = false;
  readonly #say: (status: number) => void;

  /** @param path of the module */
  constructor(path: string) {
    this.#say = (given) => {
      // Node decides that a top-level await is unsettled in a listener of its own, after the status was passed to this one.
      const status = Number(process.exitCode ?? given);
      const isUnsettled = status === UNSETTLED && !this.isLoaded;
      const { message, code } = isUnsettled ? TOOL.neverLoaded(path) : TOOL.exited(path, status);
      process.stderr.write(failureLine(message, code));
      process.exitCode = 1;
    };
    process.on('exit', this.#say);
  }

  [Symbol.dispose](): void {
    process.off('exit', this.#say);
  }
}
