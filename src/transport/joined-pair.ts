import { duplexPair, type Duplex } from 'node:stream';

/** The two ends of a connection inside of this process. Each closes with the other. */
export function joinedPair(): [Duplex, Duplex] {
  const [near, far] = duplexPair({ allowHalfOpen: false });
  near.once('close', () => far.destroy());
  far.once('close', () => near.destroy());
  return [near, far];
}
