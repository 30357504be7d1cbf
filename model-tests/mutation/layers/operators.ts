import { bodyOf, child, children, nodesOf, property, type Node } from './syntax.ts';

/** One way in which code can be wrong. */
export type Operator =
  | 'condition negated'
  | 'and/or swapped'
  | 'boundary changed'
  | 'comparison negated'
  | 'arithmetic swapped'
  | 'number changed'
  | 'boolean flipped'
  | 'default dropped'
  | 'statement removed'
  | 'call removed'
  | 'argument dropped'
  | 'returns early'
  | 'not recorded';

/** A file of the source with one fault. */
export interface SourceMutant {
  /** Unique: the file, the operator and the code that is changed. It does not change with code elsewhere. */
  readonly name: string;
  readonly operator: Operator;
  /** From the root of the repository. */
  readonly file: string;
  readonly line: number;
  /** The place that is replaced, in characters of the text. */
  readonly start: number;
  readonly end: number;
  readonly by: string;
}

interface Change {
  readonly operator: Operator;
  readonly at: { readonly start: number; readonly end: number };
  readonly by: string;
}

const OTHER: Readonly<Record<string, readonly [Operator, string]>> = {
  '>=': ['boundary changed', '>'],
  '>': ['boundary changed', '>='],
  '<=': ['boundary changed', '<'],
  '<': ['boundary changed', '<='],
  '===': ['comparison negated', '!=='],
  '!==': ['comparison negated', '==='],
  '+': ['arithmetic swapped', '-'],
  '-': ['arithmetic swapped', '+'],
  '*': ['arithmetic swapped', '/'],
  '/': ['arithmetic swapped', '*'],
  '+=': ['arithmetic swapped', '-='],
  '-=': ['arithmetic swapped', '+='],
  '++': ['arithmetic swapped', '--'],
  '--': ['arithmetic swapped', '++'],
  '&&': ['and/or swapped', '||'],
  '||': ['and/or swapped', '&&'],
};

const isText = (node: Node | undefined): boolean =>
  node?.type === 'TemplateLiteral' ||
  (node?.type === 'Literal' && typeof property(node, 'value') === 'string') ||
  (node?.type === 'BinaryExpression' && (isText(child(node, 'left')) || isText(child(node, 'right'))));

/** The changes of one node. */
function* changesOf(text: string, node: Node, around: readonly Node[]): Generator<Change> {
  const codeOf = ({ start, end }: Node): string => text.slice(start, end);
  switch (node.type) {
    case 'IfStatement':
    case 'ConditionalExpression':
    case 'WhileStatement': {
      const test = child(node, 'test');
      // A comparison has its own operators.
      if (test !== undefined && test.type !== 'BinaryExpression')
        yield { operator: 'condition negated', at: test, by: `!(${codeOf(test)})` };
      return;
    }
    case 'BinaryExpression':
    case 'LogicalExpression':
    case 'AssignmentExpression':
    case 'UpdateExpression': {
      const left = child(node, 'left');
      const right = child(node, 'right');
      const sign = String(property(node, 'operator'));
      if (sign === '??' && left !== undefined)
        yield { operator: 'default dropped', at: node, by: codeOf(left) };
      const other = OTHER[sign];
      if (other === undefined || isText(node) || isText(left) || isText(right)) return;
      const [operator, by] = other;
      const from = left?.end ?? node.start;
      const start = text.indexOf(sign, from);
      yield { operator, at: { start, end: start + sign.length }, by };
      return;
    }
    case 'Literal': {
      const value = property(node, 'value');
      if (typeof value === 'boolean') yield { operator: 'boolean flipped', at: node, by: String(!value) };
      if (typeof value === 'number') yield { operator: 'number changed', at: node, by: String(value + 1) };
      return;
    }
    case 'ExpressionStatement': {
      const expression = child(node, 'expression');
      const isSuper = expression?.type === 'CallExpression' && child(expression, 'callee')?.type === 'Super';
      if (!isSuper) yield { operator: 'statement removed', at: node, by: ';' };
      return;
    }
    case 'CallExpression': {
      const isBody = around[0]?.type === 'ArrowFunctionExpression' && child(around[0], 'body') === node;
      if (isBody) yield { operator: 'call removed', at: node, by: 'undefined' };
      const given = children(node, 'arguments');
      const last = given.at(-1);
      if (last === undefined) return;
      const before = given.at(-2);
      // A comma may follow the only argument.
      const at = before ? { start: before.end, end: last.end } : { start: last.start, end: node.end - 1 };
      yield { operator: 'argument dropped', at, by: '' };
      return;
    }
    default: {
      const body = bodyOf(node);
      const isGenerator = property(node, 'generator') === true;
      const returnsNothing = /\)\s*: (void|Promise<void>|Steps)\b[^{]*$/.test(
        text.slice(node.start, body?.start),
      );
      if (body === undefined || children(body, 'body').length < 2 || !(returnsNothing || isGenerator)) return;
      const start = body.start + 1;
      yield { operator: 'returns early', at: { start, end: start }, by: ' if (Date.now() > 0) return;' };
    }
  }
}

/** The innermost statement around a place, in one line: what a reader looks for. */
function statementOf(text: string, { start, end }: Change['at'], around: readonly Node[]): string {
  const statement = around.find(({ type }) => /Statement$|Declaration$|Definition$|Property$/.test(type));
  const code = statement === undefined ? text.slice(start, end) : text.slice(statement.start, statement.end);
  const line = code.replaceAll(/\s+/g, ' ').trim();
  return line.length > 90 ? `${line.slice(0, 89)}…` : line;
}

/** Finds the changes of one node. */
export type ChangesOf = (text: string, node: Node, around: readonly Node[]) => Iterable<Change>;

/**
 * Every text that differs from a file of the source in one change.
 * @param of all kinds of changes, or others
 */
export function mutantsIn(file: string, text: string, of: ChangesOf = changesOf): SourceMutant[] {
  const times = new Map<string, number>();
  const made: SourceMutant[] = [];
  for (const [node, around] of nodesOf(text))
    for (const { operator, at, by } of of(text, node, around)) {
      const whole = operator === 'returns early' ? around : [node, ...around];
      const code = operator === 'returns early' ? headOf(text, node) : statementOf(text, at, whole);
      const changed = text.slice(at.start, at.end).replaceAll(/\s+/g, ' ');
      const what = changed.length > 40 || changed === code.replace(/;$/, '') ? '' : ` [${changed.trim()}]`;
      const name = `${file}: ${operator}${what}: ${code}`;
      const time = (times.get(name) ?? 0) + 1;
      times.set(name, time);
      made.push({
        name: time === 1 ? name : `${name} (${time})`,
        operator,
        file,
        line: text.slice(0, at.start).split('\n').length,
        start: at.start,
        end: at.end,
        by,
      });
    }
  return made;
}

/** The line in which a function begins. */
const headOf = (text: string, { start }: Node): string => {
  const from = text.lastIndexOf('\n', start) + 1;
  return text.slice(from, text.indexOf('\n', start)).trim();
};

export const mutated = (text: string, { start, end, by }: SourceMutant): string =>
  text.slice(0, start) + by + text.slice(end);
