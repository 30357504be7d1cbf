/** Generates the pages of docs/charts from the machines. */
import type { AnyStateMachine } from 'xstate';
import { claimMachine } from '../machines/claim.ts';
import { commitMachine } from '../machines/commit.ts';
import { connectionMachine } from '../machines/connection.ts';
import { forwardedClientMachine } from '../machines/forwarded-client.ts';
import { forwardingMachine } from '../machines/forwarding.ts';
import { joinPhaseMachine } from '../machines/join-phase.ts';
import { leaseMachine } from '../machines/lease.ts';
import { backoffMachine } from '../machines/policies/backoff.ts';
import { recoveryMachine } from '../machines/policies/recovery.ts';
import { localityMachine } from '../machines/policies/locality.ts';
import { speculationMachine } from '../machines/policies/speculation.ts';
import { valueLeaseMachine } from '../machines/value-lease.ts';
import { batchMachine } from '../machines/pool/batch.ts';
import { clientSessionMachine } from '../machines/pool/client-session.ts';
import { poolMachine } from '../machines/pool/pool.ts';
import { retryMachine } from '../machines/pool/retry.ts';
import { callTurnsMachine } from '../machines/pool/call-turns.ts';
import { callValueMachine } from '../machines/pool/call-value.ts';
import { clientLeaseMachine } from '../machines/pool/client-lease.ts';
import { ownerSearchMachine } from '../machines/pool/owner-search.ts';
import { leftValueMachine } from '../machines/pool/left-value.ts';
import { sleighPoolMachine } from '../machines/pool/sleigh-pool.ts';
import { workerProcessMachine } from '../machines/pool/worker-process.ts';
import { sentinelMachine } from '../machines/sentinel.ts';
import { sessionMachine } from '../machines/session.ts';
import { shutdownMachine } from '../machines/shutdown.ts';
import { sleighMachine } from '../machines/sleigh.ts';
import { workMachine } from '../machines/work.ts';
import { workerMachine } from '../machines/worker.ts';
import { mermaid } from './mermaid.ts';
import { inOrder, movesOf, pathOf, type Move } from './moves.ts';

/**
 * A machine with its page. The source is `src/machines/<name>.ts`, for machines of the client
 * `src/machines/pool/<name>.ts`, and for those of policies `src/machines/policies/<name>.ts`.
 */
export interface Chart {
  readonly name: string;
  /** `client` for machines of the client, `policy` for those that a plugin may replace or bring. */
  readonly side?: 'client' | 'policy';
  readonly title: string;
  readonly machine: AnyStateMachine;
  readonly about: string;
}

export const CHARTS: readonly Chart[] = [
  {
    name: 'connection',
    title: 'Connection',
    machine: connectionMachine,
    about: 'one client: its handshake, its requests and its end',
  },
  {
    name: 'session',
    title: 'Session',
    machine: sessionMachine,
    about: 'a client that may come back when it has lost its connection',
  },
  {
    name: 'value-lease',
    title: 'Value lease',
    machine: valueLeaseMachine,
    about: 'a value that a client has taken for a time',
  },
  {
    name: 'sleigh',
    title: 'Sleigh',
    machine: sleighMachine,
    about: 'the supervisor of one job: the parent of the five below, which passes their events on',
  },
  {
    name: 'join-phase',
    title: 'Join phase',
    machine: joinPhaseMachine,
    about: 'the group of workers: who may still join, and how many are expected',
  },
  {
    name: 'work',
    title: 'Work',
    machine: workMachine,
    about: 'the tasks, broadcasts and results that a job accepts and hands out',
  },
  {
    name: 'worker',
    title: 'Worker',
    machine: workerMachine,
    about: 'one rank, from its assignment to its end',
  },
  {
    name: 'sentinel',
    title: 'Sentinel',
    machine: sentinelMachine,
    about: 'one launcher, and whether it is still connected',
  },
  { name: 'shutdown', title: 'Shutdown', machine: shutdownMachine, about: 'when a job ends, and how' },
  {
    name: 'claim',
    title: 'Claim',
    machine: claimMachine,
    about:
      'a server of several with one store: whether it owns the data, or forwards its clients to the owner',
  },
  {
    name: 'forwarded-client',
    title: 'Forwarded client',
    machine: forwardedClientMachine,
    about: 'one client of a server with a shared store: which owner gets its requests, and when',
  },
  {
    name: 'forwarding',
    title: 'Forwarding',
    machine: forwardingMachine,
    about: 'what a server does for one client at the owner of one partition',
  },
  {
    name: 'lease',
    title: 'Lease',
    machine: leaseMachine,
    about: 'how long other servers leave the data to its owner',
  },
  {
    name: 'commit',
    title: 'Commit',
    machine: commitMachine,
    about: 'a commit to a store that several servers share, and what becomes of one whose outcome is unknown',
  },
  {
    name: 'recovery',
    side: 'policy',
    title: 'Recovery',
    machine: recoveryMachine,
    about: 'what becomes of one task whose worker has died or has failed it',
  },
  {
    name: 'backoff',
    side: 'policy',
    title: 'Requeue with backoff',
    machine: backoffMachine,
    about: 'a policy that plugins may bring: the task of a dead worker waits before it is tried again',
  },
  {
    name: 'speculation',
    side: 'policy',
    title: 'Speculative copies',
    machine: speculationMachine,
    about: 'a policy that plugins may bring: a task that runs far longer than others gets a second copy',
  },
  {
    name: 'locality',
    side: 'policy',
    title: 'Locality by host',
    machine: localityMachine,
    about:
      'a policy that plugins may bring: a queued task waits a while for a worker of the host that it names',
  },
  {
    name: 'batch',
    side: 'client',
    title: 'Batch',
    machine: batchMachine,
    about: 'one batch of a master, and the outcomes of its elements',
  },
  {
    name: 'retry',
    side: 'client',
    title: 'Retry',
    machine: retryMachine,
    about: 'one element whose call has failed, and when it is tried again',
  },
  {
    name: 'call-value',
    side: 'client',
    title: 'Value of a call',
    machine: callValueMachine,
    about: 'the value of one call of `submit`, which comes to the master or stays at the server',
  },
  {
    name: 'left-value',
    side: 'client',
    title: 'Value at the server',
    machine: leftValueMachine,
    about: 'a value that stays at the server for other calls, until nobody needs it',
  },
  {
    name: 'sleigh-pool',
    side: 'client',
    title: 'Sleigh pool',
    machine: sleighPoolMachine,
    about: 'a job that starts at the first call, and ends when it is idle',
  },
  {
    name: 'client-session',
    side: 'client',
    title: 'Session, from the side of the client',
    machine: clientSessionMachine,
    about: 'a connection that comes back when it is lost',
  },
  {
    name: 'owner-search',
    side: 'client',
    title: 'Search for the owner of a workspace',
    machine: ownerSearchMachine,
    about: 'a client that connects to the server that owns its workspace',
  },
  {
    name: 'client-lease',
    side: 'client',
    title: 'Lease, from the side of the client',
    machine: clientLeaseMachine,
    about: 'a value that a program has taken for a time',
  },
  {
    name: 'pool',
    side: 'client',
    title: 'Pool',
    machine: poolMachine,
    about: 'the workers of one sentinel: how many there are, and when one is replaced',
  },
  {
    name: 'worker-process',
    side: 'client',
    title: 'Worker process',
    machine: workerProcessMachine,
    about: 'one process or thread of a sentinel, and the report of its end',
  },
  {
    name: 'call-turns',
    side: 'client',
    title: 'Turns of calls',
    machine: callTurnsMachine,
    about: 'the calls of a worker process with several ranks: which run side by side, and which alone',
  },
];

const FOLDER = { client: 'pool/', policy: 'policies/' };

/** The path of the source of a machine, from the root of the package. */
export const sourceFileOf = ({ name, side }: Chart): string =>
  `src/machines/${side === undefined ? '' : FOLDER[side]}${name}.ts`;

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

const MADE = '<!-- Generated by `npm run charts` from src/machines. Do not edit. -->';

const index = (): string =>
  [
    MADE,
    '# The statecharts',
    [
      'Every rule that depends on what happened before is in one of these machines, of the server and of the client. Each page has',
      'the rules of its machine (clauses of [protocol.md](../protocol.md)), a diagram, and a table of all its transitions.',
      '`npx sleigh charts` writes the diagrams, too.',
    ].join('\n'),
    CHARTS.map(({ name, title, about }) => `- [${title}](${name}.md): ${about}`).join('\n'),
    [
      'How to read them. `event 1. [guard] / actions (clauses)` is one transition. The guards of an event are tried in the order of',
      'their numbers, and the first one that holds is taken. An inner state takes precedence over the state around it. Actions are',
      'implemented by functions of the same name in `src/sleigh`, `src/core`, `src/cluster` and `src/client`. `tell` sends an event to',
      'another machine. The events that a state handles without leaving it are in its box. The text of an outer box and an arrow that',
      'begins at its border apply to all states inside. A dot points to an initial state, and a double border marks a final state.',
      'The diagrams omit, and the tables contain, events that are expected and change nothing, and the wildcard `*`, which reports an',
      'unexpected event.',
    ].join('\n'),
    [
      'To edit a machine in [Stately](https://stately.ai/editor), import `createMachine(…)` with its JSON between the parentheses.',
      'In the Mermaid diagrams `all of …` stands for every state inside that box.',
    ].join('\n'),
    '',
  ].join('\n\n');

function page(chart: Chart, source: string): string {
  const file = sourceFileOf(chart);
  return [
    MADE,
    `# ${chart.title}`,
    `From [${file}](../../${file}):`,
    firstComment(source),
    `![The diagram of ${chart.machine.id}](${chart.name}.svg)`,
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

const rowOf = (move: Move): string[] => {
  const { source, event, guard, target, actions, clause, description } = move;
  return [
    pathOf(source),
    event === 'entry' || event === 'exit' ? event : code(event),
    guard === undefined ? '' : inOrder(move, guard),
    target === undefined ? '' : pathOf(target),
    actions.join(', '),
    clause,
    description,
  ];
};

const code = (text: string): string => `\`${text}\``;

const line = (cells: readonly string[]): string =>
  `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
