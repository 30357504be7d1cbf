import { ClientCodec, readReply, type ReplyShape } from '../../src/verify/client-codec.ts';
import { isLong } from '../../src/wire/names.ts';

/** The expected replies by the clauses, derived from everything that a client has sent. */
interface Asked {
  /** The expected first bytes of the server. */
  readonly begins: '' | '2223' | 'P000';
  /** The outcome of the options of the new handshake. */
  readonly options: 'missing' | 'accepted' | 'denied' | 'malformed';
  readonly shape: Omit<ReplyShape, 'isLong'>;
  readonly requests: readonly { readonly verb: string; readonly isEmpty: boolean }[];
  /** A count or a length that is not a number (P5.1). */
  readonly malformed: boolean;
}

/** The limits of a handshake (P12). */
const MAX_OPTIONS = 32;
const OPTIONS_BYTES = 12 * 1_024;

const STATUSES = new Set(['0000', '0001', '0100', '2001', '5001']);
const SWITCHES = new Set(['MetadataToServer', 'MetadataFromServer', 'KillServerOnClose']);

class Missing extends Error {}
class Malformed extends Error {}

/** Parses everything that a client has sent, independently of the decoder of the server. */
class Sent {
  #at = 0;
  readonly #bytes: string;

  constructor(bytes: string) {
    this.#bytes = bytes;
  }

  text(length: number): string {
    if (this.#at + length > this.#bytes.length) throw new Missing();
    this.#at += length;
    return this.#bytes.slice(this.#at - length, this.#at);
  }

  number(width: number): number {
    const digits = this.text(width);
    if (!/^ *\d+ *$/.test(digits)) throw new Malformed();
    return Number(digits);
  }

  dictionary(): Map<string, string> {
    const entries = new Map<string, string>();
    for (let n = this.number(4); n > 0; n--) {
      const name = this.text(this.number(4));
      entries.set(name, this.text(this.number(4)));
    }
    return entries;
  }

  /** P12: options over a limit close the connection as soon as the limit is exceeded. */
  options(): Map<string, string> {
    const entries = new Map<string, string>();
    const count = this.number(4);
    if (count > MAX_OPTIONS) throw new Malformed();
    let bytes = 0;
    const text = (): string => {
      const length = this.number(4);
      bytes += length;
      if (bytes > OPTIONS_BYTES) throw new Malformed();
      return this.text(length);
    };
    for (let n = count; n > 0; n--) {
      const name = text();
      entries.set(name, text());
    }
    return entries;
  }
}

function readAsked(bytes: string): Asked {
  const sent = new Sent(bytes);
  const asked = {
    begins: '' as Asked['begins'],
    options: 'missing' as Asked['options'],
    shape: { metadata: false, cookie: true },
    requests: [] as { verb: string; isEmpty: boolean }[],
    malformed: false,
  };
  try {
    const greeting = sent.text(4);
    let sendsMetadata = false;
    if (greeting.startsWith('X')) {
      asked.begins = 'P000';
      const wanted = sent.text(4) === 'R000' ? sent.options() : undefined;
      if (wanted === undefined) return { ...asked, options: 'malformed' };
      if ([...wanted.keys()].some((name) => !SWITCHES.has(name))) return { ...asked, options: 'denied' };
      asked.options = 'accepted';
      asked.shape.metadata = wanted.get('MetadataFromServer') === '1';
      sendsMetadata = wanted.get('MetadataToServer') === '1';
    } else {
      asked.begins = '2223';
      asked.shape.cookie = greeting !== '0000' && greeting !== '1111';
    }
    for (;;) {
      if (sendsMetadata) sent.dictionary();
      const args = Array.from({ length: sent.number(4) }, () => sent.text(sent.number(20)));
      asked.requests.push({ verb: args[0] ?? '', isEmpty: args.length === 0 });
    }
  } catch (error) {
    if (error instanceof Malformed)
      if (asked.begins === 'P000' && asked.options === 'missing') asked.options = 'malformed';
      else asked.malformed = true;
    else if (!(error instanceof Missing)) throw error;
  }
  return asked;
}

const MAY_WAIT = /^i?(find|fetch)$/;

/**
 * Compares the bytes of the server with the expectation.
 * @param closed whether the server has closed the connection; undefined if unknown
 * @returns the difference, if any
 */
export function wrongIn(bytes: string, received: string, closed: boolean | undefined): string | undefined {
  const asked = readAsked(bytes);
  if (!received.startsWith(asked.begins)) return `it begins with ${JSON.stringify(received.slice(0, 20))}`;
  const rest = received.slice(asked.begins.length);
  if (asked.begins !== 'P000') return wrongInReplies(asked, rest, closed);
  const codec = new ClientCodec();
  codec.receive(rest);
  if (codec.dictionary() === undefined) return 'the offer is no dictionary';
  const afterOffer = codec.unread;
  const answer = { missing: '', accepted: 'A000', denied: 'F000', malformed: '' }[asked.options];
  if (!afterOffer.startsWith(answer)) return `options are answered with ${JSON.stringify(afterOffer)}`;
  if (asked.options === 'accepted') return wrongInReplies(asked, afterOffer.slice(4), closed);
  if (afterOffer !== answer) return `after the handshake comes ${JSON.stringify(afterOffer.slice(0, 40))}`;
  const shouldEnd = asked.options !== 'missing';
  return closed === undefined || closed === shouldEnd
    ? undefined
    : `the connection is ${closed ? '' : 'not '}ended`;
}

function wrongInReplies({ requests, shape, malformed }: Asked, replies: string, closed: boolean | undefined) {
  let rest = replies;
  let ended = false;
  for (const [n, { verb, isEmpty }] of requests.entries()) {
    const reply = readReply(rest, { ...shape, isLong: isLong(verb) });
    const waits = MAY_WAIT.test(verb);
    const isLast = n === requests.length - 1;
    const short = waits && !isLast ? readReply(rest, { ...shape, isLong: false }) : undefined;
    // P5.3: a request that follows a blocked one gets a short refusal, and nothing more follows.
    if (reply === undefined && short?.reply.status === '0001' && short.length === rest.length) {
      rest = '';
      ended = true;
      break;
    }
    if (reply === undefined) {
      if (rest !== '') return `"${verb}" is answered with ${JSON.stringify(rest.slice(0, 200))}`;
      if (waits && isLast) break;
      return `request ${n}, "${verb}", has no reply`;
    }
    if (!STATUSES.has(reply.reply.status)) return `"${verb}" has the status ${reply.reply.status}`;
    rest = rest.slice(reply.length);
    ended = isEmpty;
    if (ended) break;
  }
  if (rest !== '') return `after the last reply comes ${JSON.stringify(rest.slice(0, 80))}`;
  const shouldEnd = ended || malformed;
  if (closed !== undefined && closed !== shouldEnd) return `the connection is ${closed ? '' : 'not '}ended`;
  return undefined;
}
