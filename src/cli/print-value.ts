import { reasonOf } from '../wire/error-kind.ts';
import { buffer } from 'node:stream/consumers';
import { StringDecoder } from 'node:string_decoder';
import { inspect } from 'node:util';
import type { FoundStream } from '../client/connection/connection.ts';
import { decodeValue, GRAPH_DESCRIPTOR, isText } from '../client/values/values.ts';
import { KEY } from '../wire/names.ts';
import { jsonLine } from './json-line.ts';
import { compact, laidOut } from './json-text.ts';
import { print, standardOutput } from './output.ts';
import { ToolError } from './shell-tool.ts';
import { TOOL } from './errors.ts';

export interface PrintOptions {
  /** Always prints JSON: text as a string, bytes as `{"base64":"…"}`. */
  readonly json: boolean;
  /** Always prints whole lines, and JSON on one line. */
  readonly lines: boolean;
}

/** Longer JSON, in bytes, is printed as it was stored, because formatting it takes memory. */
const MAX_PARSED = 16 * 2 ** 20;
const NEWLINE = 0x0a;
/** This many bytes make whole characters of base64. */
const BASE64_UNIT = 3;

/** Prints a value on standard output as it arrives, as fast as the reader takes it. */
export async function printValue(found: FoundStream, { json, lines }: PrintOptions): Promise<void> {
  const { descriptor, metadata, stream, size } = found;
  if (descriptor === GRAPH_DESCRIPTOR) {
    const value = decodeValue(descriptor, await buffer(stream), metadata);
    return print(json ? asJson(value) : `${inspect(value, WHOLE)}\n`);
  }
  const isJson = isText(descriptor) && metadata.get(KEY.type) === 'json';
  if (isJson) {
    if (size > MAX_PARSED) return passOn(stream, true);
    const text = String(await buffer(stream));
    const valid = isJsonText(text) ? text : JSON.stringify(text);
    return print(`${json || lines ? compact(valid) : laidOut(valid)}\n`);
  }
  if (!json && standardOutput.isTerminal) return showOnTerminal(found, lines);
  if (!json) return passOn(stream, lines);
  return isText(descriptor) ? printString(stream) : printBase64(stream);
}

/**
 * Escapes the control characters of text.
 * @throws ToolError for bytes that are not text, unless another value follows
 */
async function showOnTerminal({ descriptor, stream, size }: FoundStream, lines: boolean): Promise<void> {
  if (isText(descriptor)) {
    const decoder = new StringDecoder('utf8');
    for await (const piece of stream) await print(decoder.write(piece));
    return print(`${decoder.end()}\n`);
  }
  for await (const _ of stream); // Another value may follow.
  if (lines) return print(`(${size} bytes that are no text)\n`);
  throw new ToolError(TOOL.binary(size));
}

/** @throws ToolError for what JSON cannot express */
function asJson(value: unknown): string {
  try {
    return jsonLine(value);
  } catch (cause) {
    const [why = ''] = reasonOf(cause).split('\n');
    throw new ToolError(TOOL.noJsonForm(why), { cause });
  }
}

/** Checks the text itself, because a value may carry the wrong `type`. */
function isJsonText(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

const WHOLE = { depth: null, maxArrayLength: null, maxStringLength: null } as const;

/** @param endsLine whether a missing newline is added */
async function passOn(stream: AsyncIterable<Buffer>, endsLine: boolean): Promise<void> {
  let last: number | undefined;
  for await (const piece of stream) {
    last = piece.at(-1);
    await print(piece);
  }
  if (endsLine && last !== NEWLINE) await print('\n');
}

async function printString(stream: AsyncIterable<Buffer>): Promise<void> {
  const decoder = new StringDecoder('utf8');
  await print('"');
  for await (const piece of stream) await print(JSON.stringify(decoder.write(piece)).slice(1, -1));
  await print(`${JSON.stringify(decoder.end()).slice(1, -1)}"\n`);
}

async function printBase64(stream: AsyncIterable<Buffer>): Promise<void> {
  let rest = Buffer.alloc(0);
  await print('{"base64":"');
  for await (const piece of stream) {
    const bytes = Buffer.concat([rest, piece]);
    const end = bytes.length - (bytes.length % BASE64_UNIT);
    rest = bytes.subarray(end);
    await print(bytes.toString('base64', 0, end));
  }
  await print(`${rest.toString('base64')}"}\n`);
}
