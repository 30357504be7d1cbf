import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { NwsConnection } from '../../src/client/connection/connection.ts';
import { ForeignValue } from '../../src/client/values/foreign-value.ts';

import { createServer, type Server } from '../../src/index.ts';
import { view } from '../support/browser.ts';
import { eventually } from '../support/eventually.ts';

/** The environment 1 is Python, and its value is serialized (P10). */
const PICKLE = 0x01000000;

let server: Server;
let url: string;
let client: NwsConnection;
const fishes: NwsConnection[] = [];

beforeEach(async () => {
  server = await createServer({ port: 0, logLevel: 'silent', web: { port: 0 } });
  url = server.web?.url ?? '';
  client = await NwsConnection.open(server);
  await client.openWorkspace('w');
});
afterEach(async () => {
  for (const connection of [client, ...fishes.splice(0)]) connection.close();
  await server.close();
});

const storePickle = (variable: string, content: string): Promise<unknown> =>
  client.request(['store', 'w', variable, String(PICKLE), Buffer.from(content)]);

/** The decoded values of a variable, by its babelfish. */
async function read(variable: string): Promise<unknown[]> {
  const { list } = await view(url, `/api/workspaces/w/variables/${variable}`);
  if (typeof list !== 'object' || list === null || !('items' in list) || !Array.isArray(list.items))
    return [];
  return list.items.map(({ babelfish }: { babelfish?: unknown }) => babelfish);
}

const FISH = 'Python babelfish';

const food = async () => (await fishes[0]?.listVariables(FISH))?.find(({ name }) => name === 'food');

async function openFish(): Promise<NwsConnection> {
  const fish = await NwsConnection.open(server);
  fishes.push(fish);
  await fish.openWorkspace(FISH);
  return fish;
}

/** A program that decodes values one after the other. */
async function serve(fish: NwsConnection, say: (content: string) => unknown): Promise<void> {
  for (;;) {
    const { value } = await fish.fetch(FISH, 'food');
    const content = value instanceof ForeignValue ? Buffer.from(value.bytes).toString() : String(value);
    await fish.store(FISH, 'doof', say(content));
  }
}

describe('a babelfish', () => {
  it('decodes values that the server cannot, and leaves them in their variables', async () => {
    const eaten: string[] = [];
    void serve(await openFish(), (content) => {
      eaten.push(content);
      return `it is ${content}`;
    }).catch(() => undefined);
    for (const content of ['a', 'b', 'c']) await storePickle('v', content);
    await eventually(async () => (await read('v')).every((text) => text !== undefined), 'the texts');
    expect(await read('v')).toEqual(['it is a', 'it is b', 'it is c']);
    // The preview and both views request the same values, and each is removed once.
    expect(eaten.toSorted()).toEqual(['a', 'b', 'c']);
    expect((await client.listVariables('w'))[0]).toMatchObject({ name: 'v', values: 3 });
  });

  it('receives one value at a time, so that no text is shown for another value', async () => {
    let atATime = 0;
    let most = 0;
    const fish = await openFish();
    void (async () => {
      for (;;) {
        const { value } = await fish.fetch(FISH, 'food');
        most = Math.max(most, ++atATime);
        await sleep(20);
        const { values = 0 } = (await fish.listVariables(FISH)).find(({ name }) => name === 'food') ?? {};
        most = Math.max(most, atATime + values);
        atATime--;
        await fish.store(FISH, 'doof', value instanceof ForeignValue ? value.bytes.toString() : '');
      }
    })().catch(() => undefined);
    for (let i = 0; i < 10; i++) await storePickle('v', `value ${i}`);
    await eventually(async () => (await read('v')).every((text) => text !== undefined), 'the texts');
    expect(await read('v')).toEqual(
      Array.from({ length: 10 }, (_, i) => Buffer.from(`value ${i}`).toString()),
    );
    expect(most).toBe(1);
  });

  it('that is missing is not waited for, and no workspace is created for it', async () => {
    await storePickle('v', 'a');
    expect(await read('v')).toEqual([undefined]);
    const { items } = await view(url, '/api/workspaces');
    expect(JSON.stringify(items)).not.toContain('babelfish');
  });

  it('that does not take a value within 2 seconds has it removed again', async () => {
    await openFish();
    await storePickle('v', 'a');
    expect(await read('v')).toEqual([undefined]);
    await eventually(async () => (await food())?.values === 1, 'the food');
    await eventually(async () => (await food())?.values === 0, 'that it is taken back');
    await eventually(
      async () => (await view(url, '/api/clients'))['total'] === 2,
      'that nobody waits any more',
    );
    expect(await read('v')).toEqual([undefined]);
    expect((await food())?.values, 'it rests').toBe(0);
  });

  it('that answers late answers only for its own value', async () => {
    const fish = await openFish();
    for (const content of ['a', 'b']) await storePickle('v', content);
    expect(await read('v')).toEqual([undefined, undefined]);
    await fish.fetch(FISH, 'food');
    await sleep(3_000);
    expect(await fish.fetchTry(FISH, 'food'), 'the second is not given away before').toBeUndefined();
    await fish.store(FISH, 'doof', 'the first');
    await fish.fetch(FISH, 'food');
    await fish.store(FISH, 'doof', 'the second');
    await eventually(async () => (await read('v')).every((text) => text !== undefined), 'the texts');
    expect(await read('v')).toEqual(['the first', 'the second']);
  });

  it('that disconnects in the middle leaves nothing waiting', async () => {
    const fish = await openFish();
    await storePickle('v', 'a');
    await read('v');
    await fish.fetch(FISH, 'food');
    fish.close();
    await eventually(async () => (await view(url, '/api/clients'))['total'] === 1, 'only the storing client');
    expect(await read('v')).toEqual([undefined]);
  });

  it('may have left an old answer, which is not shown for another value', async () => {
    const fish = await openFish();
    await fish.store(FISH, 'doof', 'an old text');
    void serve(fish, (content) => `it is ${content}`).catch(() => undefined);
    await storePickle('v', 'a');
    await eventually(async () => (await read('v'))[0] !== undefined, 'the text');
    expect(await read('v')).toEqual(['it is a']);
  });
});
