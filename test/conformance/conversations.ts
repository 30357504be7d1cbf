import { readdirSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createServer, type Server, type ServerOptions } from '../../src/index.ts';
import { replay, type Case } from './replay.mjs';

const folder = new URL('cases/', import.meta.url);
const files = readdirSync(folder).filter((name) => name.endsWith('.json'));
const casesOf = (file: string): Case[] => JSON.parse(readFileSync(new URL(file, folder), 'utf8'));

/** Tests that a server with these options says in each recorded conversation what the original said. */
export function testConversations(options: ServerOptions): void {
  let server: Server;
  beforeAll(async () => {
    server = await createServer({ port: 0, logLevel: 'error', ...options });
  });
  afterAll(() => server.close());

  describe.each(files)('the conversations of %s, recorded with the original', (file) => {
    it.concurrent.each(casesOf(file).map((conversation) => [conversation.name, conversation] as const))(
      '%s',
      async (_name, conversation) => {
        const { differences } = await replay(conversation, server);
        expect(differences).toEqual([]);
      },
    );
  });
}
