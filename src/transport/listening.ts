import type { Duplex } from 'node:stream';
import type { Logger } from 'pino';
import type { Gate } from './gate.ts';

export interface ListenerOptions {
  readonly gate: Gate;
  readonly logger: Logger;
  /** Whether one more connection would exceed the limit (P12). */
  readonly isFull: () => boolean;
  /**
   * @param name HOST:PORT of the client
   * @param isAdmitted whether another server has admitted it already (P2.5)
   */
  readonly accept: (socket: Duplex, name: string, isAdmitted?: boolean) => void;
  /** Called when a connection was not accepted because of the named limit. */
  readonly refused: (limit: 'connectionCount' | 'descriptors') => void;
}

/** What accepts connections. */
export interface Listening {
  readonly host: string;
  readonly port: number;
  /** @throws if it cannot listen: a port in use */
  listen(host: string, port: number): Promise<void>;
  close(): void;
}
