import type { Story } from '../actors/story.ts';
import type { Host } from '../workspace/host.ts';

interface Subject {
  readonly peer: string;
  readonly story: Story | undefined;
}

/** P5.1. */
export const logMalformed = (host: Host, { peer }: Subject): void =>
  host.log('info', 'malformed bytes', { peer });

/** P12. */
export const logTooSlow = (host: Host, { peer }: Subject): void =>
  host.log('info', 'handshake not done in time', { peer, limit: 'handshakeSeconds' });

/** P12. */
export const logStalled = (host: Host, { peer }: Subject): void =>
  host.log('info', 'a request stopped coming', { peer, limit: 'requestSeconds' });

/** A fault of the server. */
export const logUnexpected = (host: Host, { peer, story }: Subject, event: string): void =>
  host.log('error', 'a chart was sent an event that it does not expect', {
    peer,
    event,
    story: story?.lines,
  });
