/** Parses listings line by line. Pure. */

/** One line of `list vars` (V8). */
export interface VariableInfo {
  readonly name: string;
  /** The number of values. */
  readonly values: number;
  /** The number of clients that wait in a fetch. */
  readonly fetchers: number;
  /** The number of clients that wait in a find. */
  readonly finders: number;
  /** `fifo`, `lifo` … */
  readonly mode: string;
}

/** An old-style job, from the metadata of `list vars` (W12). */
export interface OldSleighInfo {
  /** The number of tasks without a result that were taken by connected clients. */
  readonly running: number;
  /** The number of tasks that were taken by clients that left without a result. */
  readonly lost: number;
}

/** One line of `list wss` (W10). */
export interface WorkspaceInfo {
  readonly name: string;
  /** Whether the connection that listed it owns it. */
  readonly isOwned: boolean;
  /** `HOST:PORT (LABEL)` of the first owner, which may have disconnected. */
  readonly owner: string;
  readonly isPersistent: boolean;
  /** The sorted names of its variables, including hidden ones. A name that contains a comma appears as several names. */
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
  // Only the name may contain tabs.
  const [owner = '', isPersistent, , names = ''] = fields.slice(-4);
  return {
    name: fields.slice(0, -4).join('\t'),
    isOwned: line.startsWith('>'),
    owner,
    isPersistent: isPersistent === 'True',
    variables: names === '' ? [] : names.split(','),
  };
}
