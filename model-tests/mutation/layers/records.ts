import { mutantsIn, type ChangesOf, type SourceMutant } from './operators.ts';
import { child, children, property, type Node } from './syntax.ts';

/** What accepts changes of the state that survives the server: `changes.put(…)`, `this.#record.delete(…)`. */
const RECORDERS = /(^|[.#])(changes|records?)$/i;
/** What causes a change to be recorded: `crew.changed(worker)`, `this.#record()`. */
const NOTICES: ReadonlySet<unknown> = new Set(['changed', 'record']);
/** These record nothing. */
const OTHERS: ReadonlySet<unknown> = new Set(['read', 'begin', 'sort']);

/** Whether the value of a call is not used: it is a statement, or all that an arrow function does. */
const isStatement = (node: Node, [parent]: readonly Node[]): boolean =>
  parent?.type === 'ExpressionStatement' ||
  (parent?.type === 'ArrowFunctionExpression' && child(parent, 'body') === node);

/** Leaves out a call that records a change, or that causes one to be recorded. */
const unrecorded: ChangesOf = (text, node, around) => {
  const callee = node.type === 'CallExpression' ? child(node, 'callee') : undefined;
  const receiver = callee && child(callee, 'object');
  const called = callee && child(callee, 'property');
  if (callee === undefined || receiver === undefined || called === undefined || !isStatement(node, around))
    return [];
  const name = property(called, 'name');
  const records = RECORDERS.test(text.slice(receiver.start, receiver.end)) && !OTHERS.has(name);
  if (!records && !NOTICES.has(name)) return [];
  // The compiler refuses what is not used any more.
  const used = [callee, ...children(node, 'arguments')].map(({ start, end }) => text.slice(start, end));
  return [{ operator: 'not recorded', at: node, by: `void [${used.join(', ')}]` }];
};

/** One mutant for each place of a file in which a change of the state that survives the server is recorded. */
export const recordMutantsIn = (file: string, text: string): SourceMutant[] =>
  mutantsIn(file, text, unrecorded);
