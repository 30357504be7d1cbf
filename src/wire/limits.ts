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
  /** Seconds that a session may last without a connection: 3,600, after which what it has is rather forgotten than awaited (P15). */
  readonly sessionSeconds: number;
  /** Workers of one sleigh: 100,000, ten times the largest group that was measured. */
  readonly workerCount: number;
  /** Values that each of `logDebug`, `logError` and `bye` of a sleigh keeps: the last 10,000 (S20). */
  readonly logCount: number;
  /** What these values take, their metadata included: 4 MiB each (S20). */
  readonly logBytes: number;
}

/** What there is to know of a limit, besides its reason. */
interface LimitFacts {
  readonly default: number;
  readonly unit: 'bytes' | 'seconds' | 'count';
  /** The clause of docs/protocol.md whose rule it bounds. */
  readonly clause: `${'P' | 'S' | 'W' | 'V'}${number}`;
  /**
   * Where it is seen: `used`, as `sleigh_limit_used`, `sleigh_limit_bound` and `sleigh_refusals_total`; `refusals`, as the last of
   * these alone; `log`, as a line of the log; `none`, where nothing is refused for it.
   */
  readonly metric: 'used' | 'refusals' | 'log' | 'none';
}

/** All of them. `sleigh serve --limit NAME=NUMBER` and `createServer({ limits: { NAME } })` set each. */
export const LIMITS = {
  valueBytes: { default: 64 * 2 ** 30, unit: 'bytes', clause: 'P12', metric: 'refusals' },
  longValueBytes: { default: 16 * 2 ** 20, unit: 'bytes', clause: 'P11', metric: 'none' },
  workspaceBytes: { default: 256 * 2 ** 30, unit: 'bytes', clause: 'P12', metric: 'refusals' },
  serverBytes: { default: 2 ** 40, unit: 'bytes', clause: 'P12', metric: 'used' },
  memoryBytes: { default: 2 ** 30, unit: 'bytes', clause: 'P12', metric: 'used' },
  clientMemoryBytes: { default: 2 ** 29, unit: 'bytes', clause: 'P12', metric: 'used' },
  workspaceMemoryBytes: { default: 3 * 2 ** 28, unit: 'bytes', clause: 'W11', metric: 'used' },
  incomingBytes: { default: 2 ** 28, unit: 'bytes', clause: 'P12', metric: 'used' },
  unreadBytes: { default: 2 ** 28, unit: 'bytes', clause: 'P12', metric: 'used' },
  argumentCount: { default: 16, unit: 'count', clause: 'P12', metric: 'refusals' },
  nameBytes: { default: 9_999, unit: 'bytes', clause: 'P4', metric: 'refusals' },
  metadataBytes: { default: 2 ** 20, unit: 'bytes', clause: 'P12', metric: 'refusals' },
  handshakeBytes: { default: 12 * 1_024, unit: 'bytes', clause: 'P2', metric: 'refusals' },
  handshakeOptions: { default: 32, unit: 'count', clause: 'P2', metric: 'refusals' },
  connectionCount: { default: 20_000, unit: 'count', clause: 'P12', metric: 'used' },
  handshakeSeconds: { default: 30, unit: 'seconds', clause: 'P12', metric: 'log' },
  requestSeconds: { default: 30, unit: 'seconds', clause: 'P12', metric: 'log' },
  progressBytes: { default: 4_096, unit: 'bytes', clause: 'P12', metric: 'none' },
  sessionSeconds: { default: 3_600, unit: 'seconds', clause: 'P15', metric: 'none' },
  workerCount: { default: 100_000, unit: 'count', clause: 'S1', metric: 'refusals' },
  logCount: { default: 10_000, unit: 'count', clause: 'S20', metric: 'none' },
  logBytes: { default: 2 ** 22, unit: 'bytes', clause: 'S20', metric: 'none' },
} as const satisfies Readonly<Record<keyof Limits, LimitFacts>>;

/** Limits of which is shown how much is used. */
export type UsedLimit = {
  [Name in keyof typeof LIMITS]: (typeof LIMITS)[Name]['metric'] extends 'used' ? Name : never;
}[keyof typeof LIMITS];

export const isLimit = (name: string): name is keyof Limits => Object.hasOwn(LIMITS, name);

export const DEFAULT_LIMITS: Limits = {
  valueBytes: LIMITS.valueBytes.default,
  longValueBytes: LIMITS.longValueBytes.default,
  workspaceBytes: LIMITS.workspaceBytes.default,
  serverBytes: LIMITS.serverBytes.default,
  memoryBytes: LIMITS.memoryBytes.default,
  clientMemoryBytes: LIMITS.clientMemoryBytes.default,
  workspaceMemoryBytes: LIMITS.workspaceMemoryBytes.default,
  incomingBytes: LIMITS.incomingBytes.default,
  unreadBytes: LIMITS.unreadBytes.default,
  argumentCount: LIMITS.argumentCount.default,
  nameBytes: LIMITS.nameBytes.default,
  metadataBytes: LIMITS.metadataBytes.default,
  handshakeBytes: LIMITS.handshakeBytes.default,
  handshakeOptions: LIMITS.handshakeOptions.default,
  connectionCount: LIMITS.connectionCount.default,
  handshakeSeconds: LIMITS.handshakeSeconds.default,
  requestSeconds: LIMITS.requestSeconds.default,
  progressBytes: LIMITS.progressBytes.default,
  sessionSeconds: LIMITS.sessionSeconds.default,
  workerCount: LIMITS.workerCount.default,
  logCount: LIMITS.logCount.default,
  logBytes: LIMITS.logBytes.default,
};
