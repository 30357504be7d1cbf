/** A machine for one server. */
export interface ServerHost {
  /** Of the server, and of its host. */
  readonly name: string;
  readonly address: string;
  /** The port for clients. */
  readonly port: number;
  /** A command that runs the server there. */
  readonly within: readonly string[];
  /** Environment variables of the server. */
  readonly env: Readonly<Record<string, string>>;
}

/** What the servers run on: three hosts and the store that they share. */
export interface Bed extends AsyncDisposable {
  readonly hosts: readonly ServerHost[];
  /** What a server is started with, to use the store. */
  readonly flags: readonly string[];
  /** Runs one statement in the store. @returns its rows */
  ask(text: string): Promise<readonly Record<string, unknown>[]>;
}
