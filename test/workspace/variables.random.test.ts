import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SimulatedServer } from '../support/simulated-server.ts';
import { VariableModel, type Answer } from '../support/variable-model.ts';
import { Visitor } from '../support/visitor.ts';
import { byForm } from '../support/form.ts';

const CLIENTS = 4;

const where = { client: fc.nat({ max: CLIENTS - 1 }), variable: fc.constantFrom<string[]>('a', 'b') };
const step = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('store' as const),
      ...where,
      size: fc.constantFrom(0, 1, 3, 5_000, 9_000),
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('get' as const),
      ...where,
      takes: fc.boolean(),
      waits: fc.boolean(),
      /**
       * The position of the next iteration: that of this client, the id alone, a distant one, or that of another
       * variable.
       */
      iterates: fc.constantFrom('no', 'no', 'fromStart', 'onwards', 'onwards', 'ahead', 'elsewhere'),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('declare' as const),
      ...where,
      mode: fc.constantFrom<string[]>('fifo', 'lifo', 'single', 'multi', 'unknown', 'queue'),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('delete' as const), ...where }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('leave' as const), ...where }) },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** Plays steps against a server and against the model, and compares all replies. */
class Comparison {
  readonly server = new SimulatedServer({ limits: { longValueBytes: 8_000 } });
  readonly #visitors = Array.from({ length: CLIENTS }, () => this.#newVisitor());
  readonly #observer = this.#newVisitor();
  readonly #models = new Map<string, VariableModel>();
  readonly #places = new Map<string, { variableId: string; index: number }>();
  readonly #ids = new Map<string, VariableModel>();
  #stores = 0;

  #newVisitor(): Visitor {
    return Visitor.of(this.server, 'w');
  }

  play(step: Step): void {
    const visitor = this.#visitors[step.client];
    if (visitor === undefined) return;
    if (step.do === 'leave') this.#leave(step.client, visitor);
    else if (!visitor.isWaiting) this.#ask(step, visitor);
    this.#compareState();
  }

  #leave(client: number, visitor: Visitor): void {
    visitor.leave();
    for (const model of this.#models.values()) model.forget(client);
    this.#visitors[client] = this.#newVisitor();
  }

  #ask(step: Exclude<Step, { do: 'leave' }>, visitor: Visitor): void {
    const { client, variable } = step;
    switch (step.do) {
      case 'store': {
        const value = `${this.#stores++}`.padEnd(step.size, '.').slice(0, step.size);
        this.server.served = [];
        expect(visitor.store(variable, value).status).toBe('0000');
        const model = this.#model(variable);
        const answers = model.store(value);
        // V5: those that only read first, in the order in which they came, then the one that takes.
        const inOrder = answers.map(({ client }) => this.#visitors[client]?.client.id);
        expect(this.server.served.filter((id) => id !== visitor.client.id)).toEqual(inOrder);
        for (const { client, answer } of answers) this.#expectReply(client, variable, model, answer);
        return;
      }
      case 'get': {
        const { after, iterates } = this.#iterator(step);
        const verb = `${iterates ? 'i' : ''}${step.takes ? 'fetch' : 'find'}${step.waits ? '' : 'Try'}`;
        visitor.ask(verb, variable, { after });
        const model = this.#model(variable);
        const answer = model.get(client, { ...step, after });
        if (answer === undefined) expect(visitor.isWaiting).toBe(true);
        else this.#expectReply(client, variable, model, answer);
        return;
      }
      case 'declare': {
        const reply = visitor.declare(variable, step.mode);
        expect(reply.reason).toBe(this.#model(variable).declare(step.mode) ?? '');
        return;
      }
      case 'delete': {
        const model = this.#models.get(variable);
        this.#models.delete(variable);
        const missing = `Variable "${variable}" does not exist in workspace "w".`;
        expect(visitor.delete(variable).reason).toBe(model === undefined ? missing : '');
        for (const waiting of [...(model?.finders ?? []), ...(model?.fetchers ?? [])])
          expect(this.#visitors[waiting]?.reply().reason).toBe('Variable purged.');
      }
    }
  }

  /** Only the server assigns ids, so an iteration continues from an earlier reply. */
  #iterator(step: Extract<Step, { do: 'get' }>) {
    const iterates = step.iterates !== 'no';
    const place = this.#places.get(`${step.client} ${step.variable}`);
    if (step.iterates === 'elsewhere') return { iterates, after: { variableId: 'some other', index: 0 } };
    if (!iterates || place === undefined) return { iterates, after: undefined };
    const index = { no: undefined, fromStart: undefined, onwards: place.index, ahead: place.index + 2 }[
      step.iterates
    ];
    return { iterates, after: { variableId: place.variableId, index } };
  }

  #expectReply(client: number, variable: string, model: VariableModel, answer: Answer): void {
    const reply = this.#visitors[client]?.reply();
    if ('reason' in answer)
      return expect(reply).toMatchObject({ status: '0001', reason: answer.reason, index: 0 });
    expect(reply).toMatchObject({ status: '0000', descriptor: 1, ...answer });
    const variableId = reply?.variableId ?? '';
    // V9: 20 characters, the same for one variable, and never reused.
    expect(variableId).toHaveLength(20);
    expect(model.id ?? variableId).toBe(variableId);
    expect(this.#ids.get(variableId) ?? model).toBe(model);
    model.id = variableId;
    this.#ids.set(variableId, model);
    this.#places.set(`${client} ${variable}`, { variableId, index: answer.index });
  }

  #model(variable: string): VariableModel {
    let model = this.#models.get(variable);
    if (model === undefined) this.#models.set(variable, (model = new VariableModel()));
    return model;
  }

  #compareState(): void {
    const models = [...this.#models].sort(([a], [b]) => (a < b ? -1 : 1));
    const listing = models.map(([name, model]) => model.line(name)).join('\n');
    expect(this.#observer.list().join('\n')).toBe(listing);
    const values = models.flatMap(([, model]) => model.values.map(({ value }) => value.length));
    expect(this.server.core.accounting.bytes).toBe(values.reduce((a, b) => a + b, 0));
    expect(this.server.files.count).toBe(values.filter((size) => size >= 8_000).length);
  }
}

describe('variables of every mode under random operations, compared with a plain model', () => {
  test('give every client the same replies and the same listing (V1–V10, V5 and V6 with blocked clients)', () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 10, maxLength: 60 }), (steps) => {
        const comparison = new Comparison();
        for (const step of steps) comparison.play(step);
        comparison.server.end();
      }),
      { numRuns: byForm(60, 160, 1_000) },
    );
  });

  test.each(['fifo', 'lifo', 'multi', 'single'])('do so if they are declared %s, too', (mode) => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 10, maxLength: 40 }), (steps) => {
        const comparison = new Comparison();
        for (const variable of ['a', 'b']) comparison.play({ do: 'declare', client: 0, variable, mode });
        for (const step of steps) if (step.do !== 'delete') comparison.play(step);
        comparison.server.end();
      }),
      { numRuns: byForm(20, 40, 200) },
    );
  });
});
