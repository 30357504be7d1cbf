import type { AnyActorRef } from 'xstate';
import type { Logger } from 'pino';
import type { connectionMachine } from '../machines/connection.ts';
import type { forwardedClientMachine } from '../machines/forwarded-client.ts';
import type { forwardingMachine } from '../machines/forwarding.ts';
import type { AwakeTime } from '../transport/awake.ts';
import type { Gate } from '../transport/gate.ts';
import type { Peer } from '../transport/peer.ts';
import type { TemporaryFiles } from '../transport/temporary-files.ts';
import type { Uploads } from '../transport/uploads.ts';
import type { Terms } from '../wire/handshake.ts';
import type { Limits } from '../wire/limits.ts';
import type { FilePayload } from '../wire/payload.ts';
import type { ServerAccounting } from '../workspace/storage-accounting.ts';
import type { OwnerStream } from './owner-link.ts';

/** What the clients of a server with a shared store have around them. */
export interface ForwardingHost {
  readonly limits: Limits;
  readonly accounting: ServerAccounting;
  readonly time: AwakeTime;
  readonly logger: Logger;
  readonly gate: Gate;
  readonly files: TemporaryFiles;
  readonly uploads: Uploads;
  readonly machines: {
    readonly connection: typeof connectionMachine;
    readonly forwardedClient: typeof forwardedClientMachine;
    readonly forwarding: typeof forwardingMachine;
  };
  /** The parent of the actors. */
  readonly root: AnyActorRef;
  /** How many partitions the data has. */
  readonly partitions: number;
  /** The bytes in memory of the unanswered requests of all clients. */
  keptBytes: number;
  /** The options that a connection is offered (P2.1, P2.5). */
  termsOf(id: number): Terms;
  newFile(size: number): FilePayload;
  isOwnerKnown(partition: number): boolean;
  /** @returns HOST:PORT at which clients reach the owner, an empty text for this server, undefined if nobody is known to own it */
  placeOf(partition: number): string | undefined;
  /** @returns a stream to the owner for the client of that name, undefined if nobody is known to own the partition */
  connectOwner(partition: number, name: string): OwnerStream | undefined;
  /** The number of bytes that a client has not read may have changed (P12). */
  countUnread(peer: Peer): void;
  /** The socket of a client is closed. */
  closed(id: number): void;
  /** A client needs the owners no longer. */
  ended(id: number): void;
}
