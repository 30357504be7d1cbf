import type { Reply } from '../wire/reply-decoder.ts';
import { STATUS } from '../wire/reply.ts';

/** The columns of a line of `list wss` (W10), each of which ends with a tab except the last. */
const LINE = /^[> ]([^\t]*)\t[^\t]*\t(?:True|False)\t\d+\t/;

/** A line, or several if a name contains line breaks. */
interface Entry {
  readonly name: string;
  text: string;
}

/**
 * The reply that one server with all workspaces would give to a request that the owners of all partitions have answered.
 * @param replies at least one
 */
export function mergedReply(replies: readonly Reply[]): Reply {
  const [first] = replies;
  const refused = replies.find(({ status }) => status !== STATUS.ok);
  if (refused !== undefined) return refused;
  if (first?.value === undefined)
    return { status: STATUS.ok, metadata: first?.metadata ?? new Map(), value: undefined };
  const listings = replies.map(({ value }) => value?.payload.toString('latin1') ?? '');
  return { ...first, value: { ...first.value, payload: Buffer.from(mergedListing(listings), 'latin1') } };
}

function mergedListing(listings: readonly string[]): string {
  const entries = listings.flatMap(entriesOf).sort((a, b) => (a.name < b.name ? -1 : 1));
  return entries.length === 0 ? '\n' : entries.map(({ text }) => `${text}\n`).join('');
}

function entriesOf(listing: string): readonly Entry[] {
  const entries: Entry[] = [];
  for (const line of listing.slice(0, -1).split('\n')) {
    const [, name] = LINE.exec(line) ?? [];
    const last = entries.at(-1);
    if (name !== undefined) entries.push({ name, text: line });
    else if (last !== undefined) last.text += `\n${line}`;
  }
  return entries;
}
