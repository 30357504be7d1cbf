/** A reply as a client decodes it (P6, P7). */
export interface Reply {
  readonly status: string;
  readonly metadata: Readonly<Record<string, string>>;
  /** The metadata `nwsReason`, or ''. */
  readonly reason: string;
  /** The parts of a long reply. */
  readonly descriptor?: number;
  readonly variableId?: string;
  readonly index?: number;
  readonly value?: string;
}

export interface ReplyShape {
  readonly metadata: boolean;
  readonly cookie: boolean;
  readonly isLong: boolean;
}

/** P7.2. */
const LONG_VERBS = /^(i?(find|fetch)(Try)?|list vars|list wss|mktemp ws)$/;
export const isLongVerb = (verb: string): boolean => LONG_VERBS.test(verb);

/** Thrown internally when bytes are missing. */
class Incomplete extends Error {}

/** Decodes received bytes, independently of the encoder of the server. */
class Reader {
  at = 0;
  readonly #bytes: string;

  constructor(bytes: string) {
    this.#bytes = bytes;
  }

  text(length: number): string {
    if (this.at + length > this.#bytes.length) throw new Incomplete();
    this.at += length;
    return this.#bytes.slice(this.at - length, this.at);
  }

  number(width: number): number {
    const digits = this.text(width);
    if (!/^\d+$/.test(digits)) throw new Error(`no number: "${digits}"`);
    return Number(digits);
  }

  dictionary(): Record<string, string> {
    const entries: Record<string, string> = {};
    for (let n = this.number(4); n > 0; n--) {
      const name = this.text(this.number(4));
      entries[name] = this.text(this.number(4));
    }
    return entries;
  }
}

/** @returns the first reply and how many bytes it took, or undefined if it is incomplete */
export function readReply(bytes: string, shape: ReplyShape): { reply: Reply; length: number } | undefined {
  const reader = new Reader(bytes);
  try {
    const metadata = shape.metadata ? reader.dictionary() : {};
    const head = { status: reader.text(4), metadata, reason: metadata['nwsReason'] ?? '' };
    const reply = shape.isLong ? { ...head, ...readValue(reader, shape.cookie) } : head;
    return { reply, length: reader.at };
  } catch (error) {
    if (error instanceof Incomplete) return undefined;
    throw error;
  }
}

function readValue(reader: Reader, hasCookie: boolean) {
  const descriptor = reader.number(20);
  const cookie = hasCookie ? { variableId: reader.text(20).trimEnd(), index: reader.number(20) } : {};
  return { descriptor, ...cookie, value: reader.text(reader.number(20)) };
}

/** The shape of a refusal, for `toMatchObject`. */
export const refused = (reason: string, status = '0001') => ({ status, reason });
export const OK = { status: '0000' };
/** A failed long reply (P7.1). */
export const EMPTY_VALUE = { descriptor: 0, variableId: '', index: 0, value: '' };
