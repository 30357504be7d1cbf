import { readdirSync, readFileSync } from 'node:fs';
import { packageFile } from '../client/package-file.ts';
import type { Address } from './protocol-client.ts';

/** The outcome of the recorded conversations, by file. */
export interface ConversationReport {
  readonly file: string;
  readonly conversations: number;
  readonly replies: number;
  readonly failures: readonly string[];
}

interface Conversation {
  readonly name: string;
  readonly steps: readonly unknown[];
}
interface Replayed {
  readonly replies: number;
  readonly differences: readonly unknown[];
}
interface ReplayModule {
  readonly replay: (conversation: Conversation, server: Address) => Promise<Replayed>;
}

/** The conversations, and what replays them, are parts of the package. */
const CASES = 'test/conformance/cases/';
const REPLAY = 'test/conformance/replay.mjs';
/** The number of conversations that are replayed at the same time: with more, those that measure time would be late. */
const AT_A_TIME = 8;
/** The values of one difference. */
const MAX_CHARACTERS = 500;

/**
 * Replays all recorded conversations.
 * @param tell is called for each that differs, as soon as it does
 */
export async function replayAll(
  server: Address,
  tell: (failure: string) => void = () => undefined,
): Promise<ConversationReport[]> {
  const { replay } = await replayModule();
  const reports: ConversationReport[] = [];
  const cases = packageFile(CASES);
  for (const file of readdirSync(cases).filter((name) => name.endsWith('.json'))) {
    const conversations = conversationsIn(readFileSync(new URL(file, cases), 'utf8'));
    const queue = conversations.values();
    const failures: string[] = [];
    let replies = 0;
    const reader = async (): Promise<void> => {
      for (const conversation of queue) {
        const replayed = await replay(conversation, server);
        replies += replayed.replies;
        const [first] = replayed.differences;
        if (first === undefined) continue;
        failures.push(`${conversation.name}: ${JSON.stringify(first).slice(0, MAX_CHARACTERS)}`);
        tell(`${file}: ${failures.at(-1)}`);
      }
    };
    await Promise.all(Array.from({ length: AT_A_TIME }, reader));
    reports.push({ file, conversations: conversations.length, replies, failures });
  }
  return reports;
}

async function replayModule(): Promise<ReplayModule> {
  const module: unknown = await import(packageFile(REPLAY).href);
  if (isReplayModule(module)) return module;
  throw new Error(`${REPLAY} has nothing to replay conversations with`);
}

const isReplayModule = (module: unknown): module is ReplayModule =>
  typeof module === 'object' && module !== null && 'replay' in module && typeof module.replay === 'function';

function conversationsIn(text: string): readonly Conversation[] {
  const found: unknown = JSON.parse(text);
  return Array.isArray(found) ? found.filter(isConversation) : [];
}

const isConversation = (found: unknown): found is Conversation =>
  typeof found === 'object' && found !== null && 'name' in found && 'steps' in found;
