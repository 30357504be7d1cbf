import { duplexPair, type Duplex } from 'node:stream';

/**
 * The two ends of a connection inside of this process. Each closes with the other. As with a socket, an end that has closed
 * its sending side still receives what the other end sends.
 */
export function joinedPair(): [Duplex, Duplex] {
  const [near, far] = duplexPair();
  near.once('close', () => far.destroy());
  far.once('close', () => near.destroy());
  return [near, far];
}
