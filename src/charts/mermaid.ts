/** A machine as a Mermaid diagram, for docs/charts. */
import type { AnyStateMachine, AnyStateNode } from 'xstate';
import { childrenOf, clausesIn, isInside, isShown, leads, movesOf, statesOf, type Move } from './moves.ts';

/**
 * @returns a `stateDiagram-v2`. What a state does without leaving it stands in its box. What holds for all states inside
 * another has a box of its own there: an arrow from around them could not lead inside, and would have its label drawn
 * over. Events that are only ignored, and the wildcard, are left to the table.
 */
export function mermaid(machine: AnyStateMachine): string {
  const ids = idsOf(machine);
  const idOf = (node: AnyStateNode): string => ids.get(node) ?? '';
  const shown = movesOf(machine).filter(isShown);
  const staying = shown.filter((move) => !leads(move));
  const leading = shown.filter(leads);

  /** The box for all states inside that one, if there is something to say of them. */
  const wholeOf = (node: AnyStateNode): string | undefined => {
    const isNeeded =
      staying.some(({ source }) => source === node) ||
      leading.some(({ source, target }) => source === node && isInside(target, node));
    return childrenOf(node).length > 0 && isNeeded ? `${idOf(node)}_all` : undefined;
  };

  const boxes = (node: AnyStateNode, indent: string): string[] => {
    const lines: string[] = [];
    const whole = wholeOf(node);
    const title = node.parent === undefined ? 'all states' : `all of ${legal(node.key)}`;
    if (whole !== undefined) lines.push(`${indent}state "${title}" as ${whole}`);
    for (const move of staying)
      if (move.source === node) lines.push(`${indent}${whole ?? idOf(node)} : ${labelOf(move)}`);
    const [first] = node.type === 'compound' ? (node.initial.target ?? []) : [];
    if (first !== undefined) lines.push(`${indent}[*] --> ${idOf(first)}`);
    for (const child of childrenOf(node)) {
      const box = `${indent}state "${legal(child.key)}" as ${idOf(child)}`;
      if (childrenOf(child).length === 0) lines.push(box, ...boxes(child, indent));
      else lines.push(`${box} {`, ...boxes(child, `${indent}  `), `${indent}}`);
      if (child.type === 'final') lines.push(`${indent}${idOf(child)} --> [*]`);
    }
    return lines;
  };

  /** One arrow from a state to another, however many transitions it stands for. */
  const arrows = new Map<string, string[]>();
  for (const move of leading) {
    const arrow = `${wholeOf(move.source) ?? idOf(move.source)} --> ${idOf(move.target)}`;
    arrows.set(arrow, [...(arrows.get(arrow) ?? []), labelOf(move)]);
  }
  // After all boxes: a state belongs to the box in which Mermaid sees its name last.
  const links = [...arrows].map(([arrow, labels]) => `  ${arrow} : ${labels.join('<br/>')}`);
  return ['stateDiagram-v2', ...boxes(machine.root, '  '), ...links].join('\n');
}

/** `event [guard] / actions (clauses)` */
function labelOf({ event, guard, actions, description }: Move): string {
  const clauses = clausesIn(description);
  const parts = [
    event,
    guard === undefined ? '' : `[${guard}]`,
    actions.length === 0 ? '' : `/ ${actions.join(', ')}`,
    clauses.length === 0 ? '' : `(${clauses.join(', ')})`,
  ];
  return legal(parts.filter((part) => part !== '').join(' '));
}

/** Mermaid reads some characters in a label as its own. */
const legal = (text: string): string => text.replace(/[:;#{}"<>\n\\]+/g, ' ').trim();

/** Names without any character that Mermaid would read as its own, and none of them a word of its language. */
function idsOf(machine: AnyStateMachine): ReadonlyMap<AnyStateNode, string> {
  const ids = new Map<AnyStateNode, string>();
  const taken = new Set<string>();
  for (const node of statesOf(machine.root)) {
    const name = [machine.id, ...node.path].join('_').replace(/\W/g, '_');
    const id = taken.has(name) ? `${name}_${node.order}` : name;
    taken.add(id);
    ids.set(node, id);
  }
  return ids;
}
