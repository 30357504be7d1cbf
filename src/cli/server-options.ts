import { InvalidArgumentError, Option } from 'commander';
import type { ServerAddress } from '../client/server-address.ts';
import { parseAddress, type Address } from './address.ts';
import { readable } from './readable.ts';

/** What says which server is meant, and how it is spoken to. */
export interface ServerFlags {
  readonly server: Address;
  readonly tls?: true;
  readonly tlsCa?: string;
}

const USUAL: Address = { host: '127.0.0.1', port: 8765 };

export const serverOption = (about: string): Option =>
  new Option('--server <host:port>', about).argParser(address);

/** For commands that need a server that runs already. */
export const usualServerOption = (): Option =>
  serverOption('where the server is').env('SLEIGH_SERVER').default(USUAL, `${USUAL.host}:${USUAL.port}`);

export const tlsOption = (): Option => new Option('--tls', 'speak TLS with it');

export const tlsCaOption = (): Option =>
  new Option('--tls-ca <file>', 'speak TLS, and trust this authority as well; PEM').argParser((path) =>
    readable(path).toString(),
  );

export const serverOptions = (): readonly Option[] => [usualServerOption(), tlsOption(), tlsCaOption()];

export function serverOf({ server, tls, tlsCa }: ServerFlags): ServerAddress {
  if (tlsCa !== undefined) return { ...server, tls: { ca: tlsCa } };
  return tls === undefined ? server : { ...server, tls };
}

function address(text: string): Address {
  const parsed = parseAddress(text);
  if (parsed === undefined) throw new InvalidArgumentError('It must be HOST:PORT.');
  return parsed;
}
