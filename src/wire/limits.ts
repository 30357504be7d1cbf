/**
 * What a server takes (P12). Every limit is a setting; each stands here with its default and the reason for it.
 * Bytes, unless it says otherwise.
 */
export interface Limits {
  /** One value: 64 GiB, past which the disk of a common machine is full, and a client has most likely gone wrong. */
  readonly valueBytes: number;
  /** A value this large goes to a temporary file: 16 MiB, as the original has it (P11). */
  readonly longValueBytes: number;
  /** All values in one workspace: 256 GiB, so that one job cannot fill the disk for all. */
  readonly workspaceBytes: number;
  /** All values of the server: 1 TiB, in memory and in files. */
  readonly serverBytes: number;
  /** What the server holds in memory for others, whatever it is: 1 GiB, since Node ends the process at a heap of 2 to 4 GiB. */
  readonly memoryBytes: number;
  /**
   * What one connection has stored or made, in memory: 512 MiB, half of what the server holds, so that no client alone can
   * fill it. It stays with who stored it, also when that client has left.
   */
  readonly clientMemoryBytes: number;
  /** What one workspace takes in memory: 768 MiB, so that a quarter is left for the others. */
  readonly workspaceMemoryBytes: number;
  /**
   * Requests while they come in, of all connections together: 256 MiB, a quarter of the memory. Each connection may
   * take its share of as much again, so that small requests are taken whatever others do.
   */
  readonly incomingBytes: number;
  /**
   * Replies that clients have not read, of all connections together: 256 MiB, a quarter of the memory. Past it those end
   * who have the most.
   */
  readonly unreadBytes: number;
  /** Arguments of one request: 16; the protocol needs 6. */
  readonly argumentCount: number;
  /** A name, or any argument but a value: 9,999, as many as metadata can carry (P4). */
  readonly nameBytes: number;
  /** The metadata of one request: 1 MiB; it is held in memory whole. */
  readonly metadataBytes: number;
  /** The options of a handshake: 12 KiB, room for the longest token (9,999 bytes); nobody has been let in by then. */
  readonly handshakeBytes: number;
  /** How many options a handshake may have: 32, four times as many as there are. */
  readonly handshakeOptions: number;
  /** Connections: 20,000, which a server of 24 GiB holds with room to spare. */
  readonly connectionCount: number;
  /** Seconds for a handshake, TLS included: 30; a client needs two round trips. */
  readonly handshakeSeconds: number;
  /** Seconds in which a request that has begun must be complete, or `progressBytes` of it have come: 30. */
  readonly requestSeconds: number;
  /** What must come of a request in `requestSeconds`: 4 KiB, which the slowest of lines can carry. */
  readonly progressBytes: number;
  /** Workers of one sleigh: 100,000, ten times the largest group that was measured. */
  readonly workerCount: number;
  /** Values that each of `logDebug`, `logError` and `bye` of a sleigh keeps: the last 10,000 (S20). */
  readonly logCount: number;
  /** What these values take, their metadata included: 4 MiB each (S20). */
  readonly logBytes: number;
}

export const DEFAULT_LIMITS: Limits = {
  valueBytes: 64 * 2 ** 30,
  longValueBytes: 16 * 2 ** 20,
  workspaceBytes: 256 * 2 ** 30,
  serverBytes: 2 ** 40,
  memoryBytes: 2 ** 30,
  clientMemoryBytes: 2 ** 29,
  workspaceMemoryBytes: 3 * 2 ** 28,
  incomingBytes: 2 ** 28,
  unreadBytes: 2 ** 28,
  argumentCount: 16,
  nameBytes: 9_999,
  metadataBytes: 2 ** 20,
  handshakeBytes: 12 * 1_024,
  handshakeOptions: 32,
  connectionCount: 20_000,
  handshakeSeconds: 30,
  requestSeconds: 30,
  progressBytes: 4_096,
  workerCount: 100_000,
  logCount: 10_000,
  logBytes: 2 ** 22,
};

export const isLimit = (name: string): name is keyof Limits => Object.hasOwn(DEFAULT_LIMITS, name);
