import { createHash } from 'node:crypto';
import type { ReceivedValue, Reply } from '../../wire/reply-decoder.ts';
import { KEY, VERB, VERB_FORMS, isStore, isVerb } from '../../wire/names.ts';
import type { Metadata } from '../../wire/payload.ts';
import { STATUS } from '../../wire/reply.ts';
import {
  CLOSE,
  END,
  RECOVERY,
  TAKEOVER,
  RESTART,
  type Cookie,
  type Operation,
  type RecordedReply,
} from './operation.ts';

/** Characters of the longest value that is kept as it is. */
const LONGEST_TEXT = 64;
const PLAIN_TEXT = /^[ -~]*$/;
const DIGEST_DIGITS = 16;

/** A value as a history has it: short plain text as it is, anything else as a digest. @param value Latin-1 */
export const recordedValue = (value: string): string =>
  value.length <= LONGEST_TEXT && PLAIN_TEXT.test(value)
    ? value
    : `sha256:${createHash('sha256').update(value, 'latin1').digest('hex').slice(0, DIGEST_DIGITS)}`;

/** Milliseconds since 1970, with fractions, that never go backward. */
const now = (): number => performance.timeOrigin + performance.now();

/** Collects the operations of clients while they happen. */
export class Recording {
  readonly #done: Operation[] = [];
  readonly #open = new Set<Operation>();
  #clients = 0;

  /** @returns a name for another connection */
  newClient(): string {
    return `client ${++this.#clients}`;
  }

  /** A request has been sent. @param args those after the verb, the value of a store last. */
  begin(who: string, verb: string, args: readonly string[], metadata: Metadata): Operation {
    const names = isVerb(verb) ? VERB_FORMS[verb].names : 0;
    const [workspace, variable] = args;
    const value = isStore(verb) ? args[3] : verb === VERB.declareVar ? args[2] : undefined;
    const type = verb === VERB.openWs ? metadata.get(KEY.wsType) : undefined;
    const after = verb.startsWith('i') ? cookieOf(args[2], args[3]) : undefined;
    const operation: Operation = {
      who,
      // It takes effect before its reply, as a store does.
      verb: verb === VERB.storeWait ? VERB.store : verb,
      ...(names > 0 && workspace !== undefined && { workspace }),
      ...(names > 1 && variable !== undefined && { variable }),
      ...(value !== undefined && { value: recordedValue(value) }),
      ...(type !== undefined && { type }),
      ...(after !== undefined && { after }),
      invoked: now(),
    };
    this.#open.add(operation);
    return operation;
  }

  /** Its reply has been received. */
  end(operation: Operation, { status, metadata, value }: Reply): void {
    this.#open.delete(operation);
    const reason = metadata.get(KEY.reason);
    const reply: RecordedReply = {
      status,
      ...(reason !== undefined && { reason }),
      ...(status === STATUS.ok && value !== undefined && valueOf(value)),
    };
    this.#done.push({ ...operation, replied: now(), reply });
  }

  /** The client has closed its connection: its waiting requests are never answered. */
  close(who: string): void {
    this.#done.push({ who, verb: CLOSE, invoked: now() });
  }

  /** The server was down from one time to the other, and restarted without data. */
  restarted(invoked: number): void {
    this.#done.push({ who: '', verb: RESTART, invoked, replied: now() });
  }

  /** All connections from before that time, in milliseconds since 1970, have ended, and the data is as it was (D4). */
  recovered(invoked: number): void {
    this.#done.push({ who: '', verb: RECOVERY, invoked, replied: now() });
  }

  /** Another server took over between these times, in milliseconds since 1970. Connections may have ended (D12, D13). */
  takenOver(invoked: number, replied: number): void {
    this.#done.push({ who: '', verb: TAKEOVER, invoked, replied });
  }

  get time(): number {
    return now();
  }

  /** Requests that have no reply yet. */
  get waiting(): readonly Operation[] {
    return [...this.#open];
  }

  /**
   * The operations so far.
   * @param isEnd whether the clients only wait
   */
  operations(isEnd: boolean): Operation[] {
    const end: Operation[] = isEnd ? [{ who: '', verb: END, invoked: now() }] : [];
    return [...this.#done, ...this.#open, ...end].sort((one, other) => one.invoked - other.invoked);
  }
}

const cookieOf = (id: string | undefined, index: string | undefined): Cookie | undefined =>
  id === undefined || index === undefined || id.trim() === ''
    ? undefined
    : { id: id.trim(), index: Number(index) };

function valueOf({ payload, variableId, index }: ReceivedValue): Pick<RecordedReply, 'value' | 'cookie'> {
  const id = variableId.trim();
  return {
    value: recordedValue(payload.toString('latin1')),
    ...(id !== '' && { cookie: { id, index } }),
  };
}

/** One line of JSON for each operation. */
export const historyText = (operations: readonly Operation[]): string =>
  operations.map((operation) => `${JSON.stringify(operation)}\n`).join('');
