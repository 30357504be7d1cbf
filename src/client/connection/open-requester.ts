import { authorityOf } from '../../wire/authority.ts';
import { partitionOf } from '../../wire/partition-of.ts';
import type { ConnectOptions } from './channel-options.ts';
import { findOwner, type OpenChannel, type Place } from './owner-search.ts';
import type { Requester } from './requester.ts';
import { SessionChannel, type SessionPlatform } from './session-channel.ts';

/** The grace, in seconds, on a server that keeps its data, unless a program chooses another one. */
const STORED_GRACE = 60;

/** So many secrets are tried until one belongs to the partition of the workspace. */
const MOST_SECRETS = 10_000;

/** The workspace is in Latin-1. */
interface RequesterOptions extends ConnectOptions {
  /** Opens a connection, each time that one is needed. */
  readonly open: OpenChannel;
  readonly platform: SessionPlatform;
}

/**
 * Connects, with a session (P15) if one is wanted and the server knows sessions; to the server that owns the workspace, if there are
 * several (D24).
 * @throws as Channel.open
 */
export async function openRequester({
  host = '127.0.0.1',
  port = 8765,
  others = [],
  followOwner = true,
  reconnectGrace = 0,
  unref,
  open,
  platform,
  ...options
}: RequesterOptions): Promise<Requester> {
  const workspace = followOwner ? options.workspace : undefined;
  const first = authorityOf(host, port);
  const find = (): Promise<Place> => findOwner({ open, first, others, workspace, platform });
  const { channel, partitions = 1 } = await find();
  const wanted = reconnectGrace === 'stored' ? (channel.offer.isStored ? STORED_GRACE : 0) : reconnectGrace;
  if (wanted === 0) return channel;
  return SessionChannel.begin(channel, Math.min(wanted, Number.MAX_SAFE_INTEGER), {
    open: async () => (await find()).channel,
    unref,
    platform,
    secret: secretBeside(workspace, partitions, platform),
  });
}

/** A secret whose session is in the partition of the workspace, so that one server has all that the session needs (D18). */
function secretBeside(
  workspace: string | undefined,
  partitions: number,
  platform: Pick<SessionPlatform, 'secret'>,
): string {
  const wanted = partitionOf(workspace ?? '', partitions);
  let secret = platform.secret();
  for (let n = 0; n < MOST_SECRETS && partitionOf(secret, partitions) !== wanted; n++)
    secret = platform.secret();
  return secret;
}
