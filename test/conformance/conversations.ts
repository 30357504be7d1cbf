import { readdirSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createServer, type Server, type ServerOptions } from '../../src/index.ts';
import { replay, type Case } from './replay.mjs';

const folder = new URL('cases/', import.meta.url);
const files = readdirSync(folder).filter((name) => name.endsWith('.json'));
const casesOf = (file: string): Case[] => JSON.parse(readFileSync(new URL(file, folder), 'utf8'));

type Tested = Pick<Server, 'host' | 'port' | 'close'>;

/** Starts a server with these options. */
export const started =
  (options: ServerOptions = {}) =>
  (): Promise<Server> =>
    createServer({ port: 0, logLevel: 'error', ...options });

/**
 * Tests that a server says in each recorded conversation what the original said.
 * @param oneIn only one in so many is replayed
 */
export function testConversations(start: () => Promise<Tested>, oneIn = 1): void {
  let server: Tested;
  beforeAll(async () => {
    server = await start();
  });
  afterAll(() => server.close());

  describe.each(files)('the conversations of %s, recorded with the original', (file) => {
    const wanted = casesOf(file).filter((_, n) => n % oneIn === 0);
    it.concurrent.each(wanted.map((conversation) => [conversation.name, conversation] as const))(
      '%s',
      async (_name, conversation) => {
        const { differences } = await replay(conversation, server);
        expect(differences).toEqual([]);
      },
    );
  });
}
