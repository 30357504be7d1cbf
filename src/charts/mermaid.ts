/** A machine as a Mermaid diagram, for docs/charts. */
import type { AnyStateMachine, AnyStateNode } from 'xstate';
import {
  childrenOf,
  clausesIn,
  inOrder,
  isInside,
  isShown,
  leads,
  movesOf,
  statesOf,
  type Move,
} from './moves.ts';

/**
 * @returns a `stateDiagram-v2`. Transitions that stay in a state are listed in its box. Transitions of all states
 *   inside another have a box of their own there, because Mermaid cannot draw an arrow from the outer state into it,
 *   and would draw over its label. Events that are only ignored, and the wildcard, are omitted; the table has them.
 */
export function mermaid(machine: AnyStateMachine): string {
  const ids = idsOf(machine);
  const idOf = (node: AnyStateNode): string => ids.get(node) ?? '';
  const shown = movesOf(machine).filter(isShown);
  const staying = shown.filter((move) => !leads(move));
  const leading = shown.filter(leads);

  /** The name of the box for the transitions of all states inside a state, if it has any. */
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

  /** The arrows between states, each with the labels of its transitions. */
  const arrows = new Map<string, string[]>();
  for (const move of leading) {
    const arrow = `${wholeOf(move.source) ?? idOf(move.source)} --> ${idOf(move.target)}`;
    arrows.set(arrow, [...(arrows.get(arrow) ?? []), labelOf(move)]);
  }
  // The arrows follow all boxes, because Mermaid assigns a state to the box in which its name appears last.
  const links = [...arrows].map(([arrow, labels]) => `  ${arrow} : ${labels.join('<br/>')}`);
  return ['stateDiagram-v2', ...boxes(machine.root, '  '), ...links].join('\n');
}

/** `event 1. [guard] / actions (clauses)` */
function labelOf(move: Move): string {
  const { event, guard, actions, clause } = move;
  const clauses = clausesIn(clause);
  const parts = [
    event,
    guard === undefined ? '' : inOrder(move, `[${guard}]`),
    actions.length === 0 ? '' : `/ ${actions.join(', ')}`,
    clauses.length === 0 ? '' : `(${clauses.join(', ')})`,
  ];
  return legal(parts.filter((part) => part !== '').join(' '));
}

/** Replaces characters that have a meaning in Mermaid. */
const legal = (text: string): string => text.replace(/[:;#{}"<>\n\\]+/g, ' ').trim();

/** Ids that contain no special characters or keywords of Mermaid. */
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
