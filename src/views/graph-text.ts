/**
 * Values of this project's own client that JSON does not preserve (C2), as text for people: `Map(1) { 'a' => 1 }`. No object is
 * made of them, because any client may have written the bytes.
 */
import { isObject } from '../wire/json-fields.ts';

/** The number of places that are shown of one value; shared parts are shown at each place that has them. */
const MOST_PLACES = 5_000;
/** The characters of a line up to which the parts of an object are on one. */
const LINE_LENGTH = 76;
const DEEPEST = 40;

/**
 * @param json the JSON of a graph
 * @returns undefined if it is none
 */
export function graphText(json: string): string | undefined {
  try {
    const graph: unknown = JSON.parse(json);
    if (!Array.isArray(graph) || !Array.isArray(graph[1])) return undefined;
    return new GraphPrinter(graph[1], graph[2]).slot(graph[0], []);
  } catch {
    return undefined;
  }
}

class GraphPrinter {
  readonly #nodes: readonly unknown[];
  readonly #lengths: readonly unknown[];
  #places = 0;

  constructor(nodes: readonly unknown[], lengths: unknown) {
    this.#nodes = nodes;
    this.#lengths = Array.isArray(lengths) ? lengths : [];
  }

  /** @param inside the nodes around it */
  slot(slot: unknown, inside: readonly number[]): string {
    if (++this.#places > MOST_PLACES) return '…';
    if (typeof slot === 'string') return quoted(slot);
    if (!Array.isArray(slot)) return plain(slot);
    const [first, second]: readonly unknown[] = slot;
    if (first === 'bigint') return `${plain(second)}n`;
    if (typeof first !== 'number') return plain(first);
    if (inside.includes(first)) return '[circular]';
    return inside.length > DEEPEST ? '…' : this.#node(this.#nodes[first], [...inside, first]);
  }

  #node(node: unknown, inside: readonly number[]): string {
    if (isObject(node)) return braced('{', this.#fields(node, inside), '}');
    if (!Array.isArray(node)) return plain(node);
    const [kind, first, second, third, fourth]: readonly unknown[] = node;
    switch (kind) {
      case 'Array':
        return braced('[', this.#slots(first, inside), ']');
      case 'SparseArray':
        return braced(`Array(${plain(first)}) {`, this.#fields(second, inside), '}');
      case 'Map':
        return this.#map(first, inside);
      case 'Set': {
        const values = this.#slots(first, inside);
        return braced(`Set(${values.length}) {`, values, '}');
      }
      case 'Date':
        return dateText(first);
      case 'RegExp':
        return `/${plain(first)}/${plain(second)}`;
      case 'URL':
      case 'URLSearchParams':
        return `${kind} ${quoted(plain(first))}`;
      case 'Boxed':
        return `Object(${this.slot(first, inside)})`;
      case 'ArrayBuffer':
        return this.#bytes(kind, first);
      case 'View':
        return this.#bytes(plain(first), second);
      case 'Lent':
        return 'memory of its master';
      case 'LentView':
        return `${plain(first)} (memory of its master)`;
      case 'Error':
        return this.#error(plain(first), [second, third, fourth], inside);
      default:
        return plain(kind);
    }
  }

  #slots(slots: unknown, inside: readonly number[]): string[] {
    return Array.isArray(slots) ? this.#some(slots, (slot) => this.slot(slot, inside)) : [];
  }

  /** As many as may still be shown. */
  #some<T>(all: readonly T[], show: (one: T) => string): string[] {
    const left = Math.max(MOST_PLACES - this.#places, 0);
    const shown = all.slice(0, left).map(show);
    return all.length > left ? [...shown, `… ${all.length - left} more`] : shown;
  }

  #fields(fields: unknown, inside: readonly number[]): string[] {
    if (!isObject(fields)) return [];
    return this.#some(
      Object.entries(fields),
      ([name, slot]) => `${/^[\w$]+$/.test(name) ? name : quoted(name)}: ${this.slot(slot, inside)}`,
    );
  }

  #map(entries: unknown, inside: readonly number[]): string {
    const slots = this.#slots(entries, inside);
    const pairs = slots.flatMap((key, i) => (i % 2 === 0 ? `${key} => ${slots[i + 1] ?? '…'}` : []));
    return braced(`Map(${pairs.length}) {`, pairs, '}');
  }

  #bytes(kind: string, buffer: unknown): string {
    const length = typeof buffer === 'number' ? this.#lengths[buffer] : undefined;
    return `${kind} (${typeof length === 'number' ? length : '?'} ${length === 1 ? 'byte' : 'bytes'})`;
  }

  #error(type: string, details: readonly unknown[], inside: readonly number[]): string {
    const { name, message, stack, ...own }: Readonly<Record<string, unknown>> = Object.assign(
      {},
      ...details.filter(isObject),
    );
    const head =
      typeof stack === 'string'
        ? stack
        : [name ?? type, message].filter((part) => typeof part === 'string').join(': ');
    const fields = this.#fields(own, inside);
    return fields.length === 0 ? head : `${head} ${braced('{', fields, '}')}`;
  }
}

const quoted = (text: string): string =>
  text.includes("'")
    ? JSON.stringify(text)
    : `'${JSON.stringify(text)
        .slice(1, -1)
        .replaceAll(String.raw`\"`, '"')}'`;

/** Any part of parsed JSON; `String` would call an own `toString` of an object. */
const plain = (part: unknown): string =>
  (typeof part === 'string' ? part : JSON.stringify(part)) ?? 'undefined';

function dateText(time: unknown): string {
  const date = new Date(typeof time === 'number' ? time : Number.NaN);
  return Number.isNaN(date.getTime()) ? 'Invalid Date' : `Date ${date.toISOString()}`;
}

/** The parts of an object: on one line if that is short. */
function braced(open: string, parts: readonly string[], close: string): string {
  if (parts.length === 0) return open + close;
  const line = `${open} ${parts.join(', ')} ${close}`;
  if (line.length <= LINE_LENGTH && !line.includes('\n')) return line;
  const indented = parts.map((part) => `  ${part.replaceAll('\n', '\n  ')}`);
  return `${open}\n${indented.join(',\n')}\n${close}`;
}
