import { encodeDictionary } from './dictionary.ts';
import { pad20 } from './numbers.ts';
import { sizeOf, type Metadata, type Payload, type Pieces } from './payload.ts';

/** The statuses of replies (P6, P9). */
export const STATUS = {
  ok: '0000',
  failed: '0001',
  noWorkspace: '0100',
  internal: '2000',
  notOpened: '2001',
  shuttingDown: '5001',
} as const;
export type Status = (typeof STATUS)[keyof typeof STATUS];

const STATUSES: ReadonlySet<string> = new Set(Object.values(STATUS));
export const isStatus = (text: string): text is Status => STATUSES.has(text);

/** The value of a long reply (P7). */
export interface ReplyValue {
  readonly descriptor: number;
  /** 20 characters, or '' if there is none. */
  readonly variableId: string;
  readonly index: number;
  readonly payload: Payload | Pieces;
}

/** The descriptor of text that the server itself writes (P10). */
export const TEXT_DESCRIPTOR = 1;

/** The value of a failed long reply (P7.1). */
export const NO_VALUE: ReplyValue = { descriptor: 0, variableId: '', index: 0, payload: '' };

/** The format of replies, as the handshake determined it (P2.4, P3). */
export interface ReplyFormat {
  readonly metadata: boolean;
  readonly cookie: boolean;
}

const NO_ID = ' '.repeat(20);

/** @returns the reply without a payload that is not a string; the caller sends that payload after it */
export function encodeReply(
  format: ReplyFormat,
  status: Status,
  metadata: Metadata,
  value: ReplyValue | undefined,
): string {
  const head = format.metadata ? encodeDictionary(metadata) + status : status;
  if (value === undefined) return head;
  const { descriptor, variableId, index, payload } = value;
  const id = variableId === '' ? NO_ID : variableId;
  return (
    head +
    pad20(descriptor) +
    (format.cookie ? id + pad20(index) : '') +
    pad20(sizeOf(payload)) +
    (typeof payload === 'string' ? payload : '')
  );
}
