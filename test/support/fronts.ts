import { Front, type FrontOptions } from '../../src/cluster/front.ts';
import { NODE_EDGE } from '../../src/transport/edge.ts';
import { Gate } from '../../src/transport/gate.ts';
import { createLogger } from '../../src/transport/logger.ts';
import { TcpServer } from '../../src/transport/server.ts';
import type { TcpOptions } from '../../src/transport/tcp-options.ts';
import { authorityOf } from '../../src/wire/authority.ts';

export const HOST = '127.0.0.1';
const silent = createLogger('silent');

/** The listening sockets of one server of several. */
export async function startFront(
  options: TcpOptions = {},
  {
    secret = 'shared',
    partitions = 1,
    linkTls = false,
    asked,
    store,
    logger = silent,
  }: Partial<FrontOptions> = {},
): Promise<Front> {
  const gate = new Gate(options);
  const about = { secret, partitions, linkTls, asked, store };
  const front = new Front({ gate, logger, tcp: options, webPort: undefined, ...about });
  await front.listen(HOST, 0, 0);
  return front;
}

/** A core for the clients of a front, and of others that forward to it. */
export const coreBehind = (front: Front, options: TcpOptions = {}): TcpServer =>
  new TcpServer(options, silent, undefined, {
    ...NODE_EDGE,
    listener: (core) => front.listening(0, core),
  });

/** Where clients reach a front. */
export const placeOf = (front: Front): string => authorityOf(HOST, front.port);

/** Where other servers reach a front. */
export const linkOf = (front: Front) => ({ host: HOST, port: front.linkPort, isEncrypted: false });
