/** Nobody wants the command to go on. */
export class Interruption extends Error {
  /** The exit status that says so. */
  readonly status: number;

  constructor(why: string, status: number) {
    super(why);
    this.status = status;
  }
}
