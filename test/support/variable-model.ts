/** A get in the model. */
export interface Get {
  readonly takes: boolean;
  readonly waits: boolean;
  readonly after?: { readonly variableId: string; readonly index: number | undefined } | undefined;
}

export type Answer = { value: string; index: number } | { reason: string };

interface Kept {
  readonly value: string;
  readonly number: number;
}

/** The simplest variable that the clauses V1–V10 allow: arrays, searched from the front. */
export class VariableModel {
  mode = 'unknown';
  /** As the server reported it. */
  id: string | undefined;
  readonly finders: number[] = [];
  readonly fetchers: number[] = [];
  values: Kept[] = [];
  #stored = 0;

  declare(mode: string): string | undefined {
    if (this.mode === 'unknown' && ['fifo', 'lifo', 'multi', 'single'].includes(mode)) this.mode = mode;
    return this.mode === mode && mode !== 'unknown' ? undefined : `Cannot change variable mode to "${mode}".`;
  }

  /** @returns the clients that it answers, in order */
  store(value: string): { client: number; answer: Answer }[] {
    if (this.mode === 'unknown') this.mode = 'fifo';
    const number = this.#stored++;
    const index = this.#isStack ? 0 : number;
    const fetcher = this.fetchers.shift();
    const served = [...this.finders.splice(0), ...(fetcher === undefined ? [] : [fetcher])];
    if (this.mode === 'single') this.values = [];
    if (fetcher === undefined) this.values.push({ value, number });
    return served.map((client) => ({ client, answer: { value, index } }));
  }

  /** @returns the reply, or undefined for a client that now waits */
  get(client: number, { takes, waits, after }: Get): Answer | undefined {
    if (after !== undefined && after.variableId !== this.id) return { reason: 'Variable id mismatch.' };
    const index = after?.index;
    if (this.#isStack && index !== undefined)
      return { reason: `${takes ? 'ifetch' : 'ifind'}* not supported on LIFO` };
    const found = this.#isStack
      ? this.values.at(-1)
      : this.values.find(({ number }) => number > (index ?? -1));
    const head = this.values[0]?.number ?? this.#stored;
    if (this.mode === 'fifo' && takes && (index ?? -1) >= head)
      return { reason: 'ifetch* only supported at beginning of FIFO' };
    if (found === undefined) {
      if (!waits) return { reason: 'no value available' };
      (takes ? this.fetchers : this.finders).push(client);
      return undefined;
    }
    if (takes) this.values = this.values.filter((kept) => kept !== found);
    return { value: found.value, index: this.#isStack ? 0 : found.number };
  }

  forget(client: number): void {
    for (const line of [this.finders, this.fetchers])
      if (line.includes(client)) line.splice(line.indexOf(client), 1);
  }

  line(name: string): string {
    return [name, this.values.length, this.fetchers.length, this.finders.length, this.mode].join('\t');
  }

  get #isStack(): boolean {
    return this.mode === 'lifo' || this.mode === 'multi';
  }
}
