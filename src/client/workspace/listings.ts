/** Listings, line by line. Pure. */

/** One line of `list vars` (V8). */
export interface VariableInfo {
  readonly name: string;
  /** How many values it holds. */
  readonly values: number;
  /** How many clients wait to take one. */
  readonly fetchers: number;
  /** How many wait to read one. */
  readonly finders: number;
  /** `fifo`, `lifo` … */
  readonly mode: string;
}

/** A job of the old style, as `list vars` tells of it (W12). */
export interface OldSleighInfo {
  /** Tasks that were taken by clients that are still there, and have no result yet. */
  readonly running: number;
  /** Tasks that were taken by clients that left without a result. */
  readonly lost: number;
}

/** One line of `list wss` (W10). */
export interface WorkspaceInfo {
  readonly name: string;
  /** Whether the connection that asked owns it. */
  readonly isOwned: boolean;
  /** `HOST:PORT (LABEL)` of who made it; it may be gone. */
  readonly owner: string;
  readonly isPersistent: boolean;
  /** The names of its variables, hidden ones too, sorted. A name with a comma in it comes as several. */
  readonly variables: readonly string[];
}

export function variableOfLine(line: string): VariableInfo {
  const fields = line.split('\t');
  const [values, fetchers, finders, mode = ''] = fields.slice(-4);
  const name = fields.slice(0, -4).join('\t');
  return { name, values: Number(values), fetchers: Number(fetchers), finders: Number(finders), mode };
}

export function workspaceOfLine(line: string): WorkspaceInfo {
  const fields = line.slice(1).split('\t');
  // What has tabs in it is the name, if anything.
  const [owner = '', isPersistent, , names = ''] = fields.slice(-4);
  return {
    name: fields.slice(0, -4).join('\t'),
    isOwned: line.startsWith('>'),
    owner,
    isPersistent: isPersistent === 'True',
    variables: names === '' ? [] : names.split(','),
  };
}
