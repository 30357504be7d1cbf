/** Generates the pages of docs/charts from the machines. */
import type { AnyStateMachine } from 'xstate';
import { connectionMachine } from '../machines/connection.ts';
import { joinPhaseMachine } from '../machines/join-phase.ts';
import { batchMachine } from '../machines/pool/batch.ts';
import { poolMachine } from '../machines/pool/pool.ts';
import { workerProcessMachine } from '../machines/pool/worker-process.ts';
import { sentinelMachine } from '../machines/sentinel.ts';
import { shutdownMachine } from '../machines/shutdown.ts';
import { sleighMachine } from '../machines/sleigh.ts';
import { workMachine } from '../machines/work.ts';
import { workerMachine } from '../machines/worker.ts';
import { mermaid } from './mermaid.ts';
import { movesOf, pathOf, type Move } from './moves.ts';

/**
 * A machine with its page. The source is `src/machines/<name>.ts`, for machines of the client
 * `src/machines/pool/<name>.ts`.
 */
export interface Chart {
  readonly name: string;
  /** `client` for machines of the client. */
  readonly side?: 'client';
  readonly title: string;
  readonly machine: AnyStateMachine;
  readonly about: string;
}

export const CHARTS: readonly Chart[] = [
  {
    name: 'connection',
    title: 'Connection',
    machine: connectionMachine,
    about: 'one client: its handshake, its requests, its end',
  },
  {
    name: 'sleigh',
    title: 'Sleigh',
    machine: sleighMachine,
    about: 'the supervisor of one job: parent of the five below, passes on what one of them tells',
  },
  {
    name: 'join-phase',
    title: 'Join phase',
    machine: joinPhaseMachine,
    about: 'the group of workers: who may still join, how many are expected',
  },
  {
    name: 'work',
    title: 'Work',
    machine: workMachine,
    about: 'what a job takes in and gives out: tasks, broadcasts and results',
  },
  {
    name: 'worker',
    title: 'Worker',
    machine: workerMachine,
    about: 'one rank, from being given out to its end',
  },
  {
    name: 'sentinel',
    title: 'Sentinel',
    machine: sentinelMachine,
    about: 'one launcher, and whether it is still there',
  },
  { name: 'shutdown', title: 'Shutdown', machine: shutdownMachine, about: 'when a job ends, and how' },
  {
    name: 'batch',
    side: 'client',
    title: 'Batch',
    machine: batchMachine,
    about: 'one batch of a master: what becomes of its elements',
  },
  {
    name: 'pool',
    side: 'client',
    title: 'Pool',
    machine: poolMachine,
    about: 'the workers of one sentinel: which are wanted, and when one is replaced',
  },
  {
    name: 'worker-process',
    side: 'client',
    title: 'Worker process',
    machine: workerProcessMachine,
    about: 'one process or thread of a sentinel, and what the server is told of its end',
  },
];

/** The path of the source of a machine, from the root of the package. */
export const sourceFileOf = ({ name, side }: Chart): string =>
  side === 'client' ? `src/machines/pool/${name}.ts` : `src/machines/${name}.ts`;

/**
 * @returns the contents of docs/charts, by file name
 * @param sourceOf returns the text of a file by its path
 */
export function chartPages(sourceOf: (path: string) => string): ReadonlyMap<string, string> {
  const pages = CHARTS.map((chart): [string, string] => [
    `${chart.name}.md`,
    page(chart, sourceOf(sourceFileOf(chart))),
  ]);
  return new Map([['README.md', index()], ...pages]);
}

const MADE = '<!-- Made by `npm run charts` out of src/machines. Changes here are lost. -->';

const index = (): string =>
  [
    MADE,
    '# The statecharts',
    [
      'Every rule that depends on what happened before is in one of these machines, of the server and of the client. Each page has the rules',
      'that its chart carries (clauses of [protocol.md](../protocol.md)), a picture, and a table of everything that the',
      'chart does. `npx sleigh charts` gives the pictures, too.',
    ].join('\n'),
    CHARTS.map(({ name, title, about }) => `- [${title}](${name}.md): ${about}`).join('\n'),
    [
      'How to read them. `event [guard] / actions (clauses)` is one transition; the first one whose guard holds is taken, an',
      'inner state comes before the one around it. Actions are the names of commands: what they do is bound in `src/sleigh`,',
      '`src/core` and `src/client`. `tell` sends an event to another chart. What a state does without leaving it stands in its box;',
      'what a box around others does holds for all of them, and so does an arrow that begins at its frame. A dot points to',
      'where a box begins, a double frame is an end. Left out of the pictures, but in the tables, are events that are',
      'expected and change nothing, and the wildcard `*`, which reports an event that has no place.',
    ].join('\n'),
    [
      'To edit a chart in [Stately](https://stately.ai/editor), import `createMachine(…)` with its JSON between the brackets.',
      'In the Mermaid diagrams `all of …` stands for everything inside the box that it is in.',
    ].join('\n'),
    '',
  ].join('\n\n');

function page(chart: Chart, source: string): string {
  const file = sourceFileOf(chart);
  return [
    MADE,
    `# ${chart.title}`,
    `From [${file}](../../${file}), which says of itself:`,
    firstComment(source),
    `![The chart ${chart.machine.id}](${chart.name}.svg)`,
    `For Stately's editor and \`createMachine\`: [JSON](${chart.name}.json).`,
    `<details>\n<summary>As a Mermaid diagram</summary>\n\n\`\`\`mermaid\n${mermaid(chart.machine)}\n\`\`\`\n\n</details>`,
    table(chart.machine),
    '',
  ].join('\n\n');
}

/** The text of the first doc comment of a file. */
export function firstComment(source: string): string {
  const [, text = ''] = /\/\*\*(.*?)\*\//s.exec(source) ?? [];
  return text
    .split('\n')
    .map((line) => line.replace(/^\s*\* ?/, '').trimEnd())
    .join('\n')
    .trim();
}

const HEADER = ['State', 'Event', 'Guard', 'Target', 'Actions', 'Clause', 'What it means'];

const table = (machine: AnyStateMachine): string =>
  [HEADER, HEADER.map(() => '---'), ...movesOf(machine).map(rowOf)].map(line).join('\n');

const rowOf = ({ source, event, guard, target, actions, clause, description }: Move): string[] => [
  pathOf(source),
  event === 'entry' || event === 'exit' ? event : code(event),
  guard ?? '',
  target === undefined ? '' : pathOf(target),
  actions.join(', '),
  clause,
  description,
];

const code = (text: string): string => `\`${text}\``;

const line = (cells: readonly string[]): string =>
  `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
