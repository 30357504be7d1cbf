import { mutated, mutantsIn, type SourceMutant } from './operators.ts';
import { child, nodesOf, property, type Node } from './syntax.ts';

/** What a change is part of: code that can be left out or replaced as a whole. */
interface Place {
  readonly start: number;
  readonly end: number;
  readonly kind: 'expression' | 'statement' | 'beginning';
}

/** A mutant that can be switched on at run time, under a number. */
interface Switched {
  readonly mutant: SourceMutant;
  readonly number: number;
  readonly place: Place;
}

/** Whether a node is the name of a property, which is not an expression. */
const isName = (node: Node, [parent]: readonly Node[]): boolean =>
  parent !== undefined && child(parent, 'key') === node && property(parent, 'computed') !== true;

/** A call in the middle of an optional chain is replaced with the whole chain, which ends where something is missing. */
function wholeOf(node: Node, around: readonly Node[]): Node {
  let whole = node;
  for (const outer of around) {
    const isLink = child(outer, 'object') === whole || child(outer, 'callee') === whole;
    if (outer.type === 'ChainExpression') return outer;
    if (!isLink && outer.type !== 'TSNonNullExpression') return node;
    whole = outer;
  }
  return node;
}

/** The smallest code around each place that a mutant changes. */
function placesIn(text: string): (mutant: SourceMutant) => Place | undefined {
  const nodes = [...nodesOf(text)];
  return ({ operator, start, end, by }) => {
    if (operator === 'returns early') return { start, end, kind: 'beginning' };
    const isRemoved = operator === 'statement removed';
    const isSign =
      operator === 'arithmetic swapped' || operator.includes('/') || /boundary|comparison/.test(operator);
    const inner = nodes.findLast(([node, around]) => {
      if (node.start > start || node.end < end || isName(node, around)) return false;
      if (isRemoved) return node.type === 'ExpressionStatement' && node.start === start && node.end === end;
      if (isSign)
        return (
          /^(Binary|Logical|Assignment|Update)Expression$/.test(node.type) && signAt(text, node) === start
        );
      if (operator === 'argument dropped') return node.type === 'CallExpression' && node.end > end;
      return (
        node.start === start && node.end === end && (by !== 'undefined' || node.type === 'CallExpression')
      );
    });
    if (inner === undefined) return undefined;
    const [node, around] = inner;
    if (isRemoved) return { start, end, kind: 'statement' };
    const whole = wholeOf(node, around);
    return { start: whole.start, end: whole.end, kind: 'expression' };
  };
}

/** Where the sign of an expression is. */
function signAt(text: string, node: Node): number {
  const sign = String(property(node, 'operator'));
  return text.indexOf(sign, child(node, 'left')?.end ?? node.start);
}

/**
 * One text with all mutants of a file in it. Each asks `$mutant(number)` whether it is switched on, wherever it makes a difference.
 * @param first the number of the first mutant
 */
export function withSwitches(file: string, text: string, first: number): string {
  const placeOf = placesIn(text);
  const all = mutantsIn(file, text).flatMap((mutant, at): Switched[] => {
    const place = placeOf(mutant);
    return place === undefined ? [] : [{ mutant, number: first + at, place }];
  });
  return switched(text, all, { start: 0, end: text.length });
}

/** The text of a range, with the switches of the places in it. */
function switched(
  text: string,
  all: readonly Switched[],
  { start, end }: { start: number; end: number },
): string {
  const inside = all.filter(({ place }) => place.start >= start && place.end <= end);
  let result = '';
  let at = start;
  while (at < end) {
    const next = inside.filter(({ place }) => place.start >= at).sort(outermostFirst)[0];
    if (next === undefined) break;
    const { place } = next;
    const same = inside.filter((one) => isSame(one.place, place));
    const rest = all.filter((one) => !same.includes(one));
    result += text.slice(at, place.start) + choiceOf(text, place, same, () => switched(text, rest, place));
    at = place.end;
    if (place.end === place.start) {
      const others = rest.filter((one) => one.place.start >= place.start);
      return result + switched(text, others, { start: at, end });
    }
  }
  return result + text.slice(at, end);
}

const isSame = (a: Place, b: Place): boolean => a.start === b.start && a.end === b.end && a.kind === b.kind;

const outermostFirst = ({ place: a }: Switched, { place: b }: Switched): number =>
  a.start - b.start || b.end - a.end || Number(b.kind === 'statement') - Number(a.kind === 'statement');

/** The code of one place: as it is, or as it is in the mutant that is switched on. */
function choiceOf(text: string, place: Place, same: readonly Switched[], original: () => string): string {
  if (place.kind === 'beginning')
    return same.map(({ number }) => ` if ($mutant(${number})) return;`).join('');
  if (place.kind === 'statement') {
    const isOff = same.map(({ number }) => `!$mutant(${number})`).join(' && ');
    return `{ if (${isOff}) { ${original()} } }`;
  }
  const choices = same.map(({ mutant, number }) => {
    const whole = mutated(text, mutant);
    const by = whole.slice(place.start, place.end + whole.length - text.length);
    return `$mutant(${number}) ? (${by}) : `;
  });
  return `(${choices.join('')}(${original()}))`;
}
