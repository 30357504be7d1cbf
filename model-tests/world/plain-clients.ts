import { setTimeout as sleep } from 'node:timers/promises';
import type { ProtocolClient } from '../../src/verify/protocol-client.ts';
import type { Random } from './random.ts';

/** Every mode of which histories can be checked. Each test has a variable of each, which is named like its mode. */
export const MODES = ['fifo', 'lifo', 'multi', 'single', '__barrier'] as const;
export type Mode = (typeof MODES)[number];

/** Milliseconds for which a member of a barrier does something else before it waits for the others. */
const MOST_AWAY_MS = 20;

/**
 * Makes the workspace, if it is not there. Clients that a history is recorded of only use it: the end of one that opens a workspace
 * could have deleted it, for all that a history says.
 */
export async function createWorkspace(client: ProtocolClient, workspace: string): Promise<void> {
  await client.ask(['open ws', workspace, 'plain clients', 'yes']);
  for (const mode of MODES) await client.ask(['declare var', workspace, mode, mode]);
}

/** Uses a workspace that is there, and says what the mode of the variable is, for the history. */
export async function useVariable(client: ProtocolClient, workspace: string, mode: Mode): Promise<void> {
  await client.ask(['use ws', workspace, 'plain clients', 'no']);
  await client.ask(['declare var', workspace, mode, mode]);
}

/**
 * Makes requests at random, one after the other.
 * @param answered is called after each reply. The next request waits for it
 * @throws when the connection ends
 */
export async function useForever(
  client: ProtocolClient,
  workspace: string,
  mode: Mode,
  { random, answered }: { readonly random: Random; readonly answered: () => unknown },
): Promise<never> {
  const ask = async (verb: string, ...rest: string[]): Promise<void> => {
    await client.ask([verb, workspace, mode, ...rest]);
    await answered();
  };
  const store = (): Promise<void> => ask('store', '1', `${mode} ${random.whole(0, 2 ** 40)}`);
  for (;;)
    if (mode === '__barrier') {
      await store();
      for (let finds = random.whole(1, 3); finds > 0; finds--) {
        // The others must wait meanwhile.
        await sleep(random.whole(0, MOST_AWAY_MS));
        await ask('find');
      }
      await ask('fetch');
    } else {
      const verb = random.pick('store', 'store', 'store', 'fetchTry', 'fetchTry', 'findTry');
      await (verb === 'store' ? store() : ask(verb));
    }
}

/** Takes all values out. @returns how many there were */
export async function takeOut(client: ProtocolClient, workspace: string): Promise<number> {
  let left = 0;
  for (const mode of MODES)
    if (mode !== '__barrier')
      while ((await client.ask(['fetchTry', workspace, mode])).status === '0000') left++;
  return left;
}
