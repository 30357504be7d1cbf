import { parseSync } from 'vite';

/** A node of the syntax tree (ESTree), with its place in the text. */
export interface Node {
  readonly type: string;
  readonly start: number;
  readonly end: number;
}

export const isNode = (value: unknown): value is Node =>
  typeof value === 'object' && value !== null && 'type' in value && 'start' in value && 'end' in value;

/** @returns the child of a node under a name, if there is one */
export function child(node: Node, name: string): Node | undefined {
  const value: unknown = Reflect.get(node, name);
  return isNode(value) ? value : undefined;
}

/** @returns the children of a node in a list, such as the statements of a block */
export function children(node: Node, name: string): Node[] {
  const value: unknown = Reflect.get(node, name);
  return Array.isArray(value) ? value.filter(isNode) : [];
}

/** @returns a text or a number of a node, such as its operator */
export function property(node: Node, name: string): unknown {
  return Reflect.get(node, name);
}

/** Types are not code, apart from expressions that have one (`x as T`, `x!`). */
const isType = ({ type }: Node): boolean =>
  type.startsWith('TS') && !/^TS(As|Satisfies|NonNull)/.test(type) && type !== 'TSParameterProperty';

/** Each node that is code, with the nodes around it, the nearest first. */
export function* nodesOf(text: string): Generator<readonly [node: Node, around: readonly Node[]]> {
  const { program, errors } = parseSync('source.ts', text);
  const [error] = errors;
  if (error !== undefined) throw new Error(`the source cannot be parsed: ${error.message}`);
  if (isNode(program)) yield* nodesIn(program, []);
}

function* nodesIn(node: Node, around: readonly Node[]): Generator<readonly [Node, readonly Node[]]> {
  yield [node, around];
  const inner = [node, ...around];
  for (const value of Object.values(node))
    for (const each of Array.isArray(value) ? (value as readonly unknown[]) : [value as unknown])
      if (isNode(each) && !isType(each)) yield* nodesIn(each, inner);
}

/** A function, a method or an arrow that has statements. */
export const isFunction = ({ type }: Node): boolean =>
  type === 'FunctionDeclaration' || type === 'FunctionExpression' || type === 'ArrowFunctionExpression';

/** @returns the statements of a function; undefined if it is an expression only */
export function bodyOf(node: Node): Node | undefined {
  const body = isFunction(node) ? child(node, 'body') : undefined;
  return body?.type === 'BlockStatement' ? body : undefined;
}
