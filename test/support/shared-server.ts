import { afterAll, beforeAll } from 'vitest';
import { createServer, type Server, type ServerOptions } from '../../src/index.ts';
import type { Address } from '../../src/verify/protocol-client.ts';

/** A server for all tests of a file. @returns where it listens, once the tests run */
export function sharedServer(options: ServerOptions = {}): Address {
  const address = { host: '127.0.0.1', port: 0 };
  let server: Server | undefined;
  beforeAll(async () => {
    server = await createServer({ logLevel: 'error', ...options, port: 0 });
    address.port = server.port;
  });
  afterAll(() => server?.close());
  return address;
}
