import { JOB_TYPE, VERB, VARIABLE } from '../../wire/names.ts';
import { CLOSE, END, RECOVERY, RESTART, TAKEOVER, type Operation } from './operation.ts';
import type { Interval } from './life.ts';

/** How a variable is judged. `bag` is a variable of a job, whose values are only counted. */
export type Mode = 'fifo' | 'lifo' | 'single' | 'barrier' | 'bag';

/** Everything that happened to one variable, or to the workspace or the server around it. */
export interface VariableHistory {
  readonly workspace: string;
  readonly variable: string;
  /** Undefined if its mode has changed or is unknown to this checker. */
  readonly mode: Mode | undefined;
  readonly operations: readonly Operation[];
  /** What may have deleted all its values: a deletion of the variable or workspace, the end of an owner, a restart. */
  readonly deletions: readonly Operation[];
  readonly closes: readonly Operation[];
  /** After each of these all earlier connections have ended, and the values are as they were. */
  readonly recoveries: readonly Operation[];
  /** After each of these some of the earlier connections may have ended. */
  readonly takeovers: readonly Operation[];
  /** When the recording ended, if it says so: in milliseconds. */
  readonly end: number | undefined;
  readonly intervalOf: (operation: Operation) => Interval;
}

const MODES: Readonly<Record<string, Mode>> = {
  fifo: 'fifo',
  lifo: 'lifo',
  multi: 'lifo',
  single: 'single',
  __barrier: 'barrier',
};
/** Those variables of a job that hold what clients store. */
const BAGS: ReadonlySet<string> = new Set([VARIABLE.task, VARIABLE.result]);

export const isSuccess = ({ reply }: Operation): boolean => reply?.status === '0000';

/** Variables do not depend on each other, so each is judged by itself. */
export function variablesIn(operations: readonly Operation[]): VariableHistory[] {
  const byVariable = new Map<string, Operation[]>();
  const jobs = new Set<string>();
  const owners = new Map<string, Set<string>>();
  const deletions: Operation[] = [];
  const closes: Operation[] = [];
  const recoveries: Operation[] = [];
  const takeovers: Operation[] = [];
  let end: number | undefined;
  for (const operation of operations) {
    const { who, verb, workspace = '', variable } = operation;
    if (verb === END) end = operation.invoked;
    else if (verb === RESTART || verb === VERB.deleteWs) deletions.push(operation);
    else if (verb === CLOSE) closes.push(operation);
    else if (verb === RECOVERY) recoveries.push(operation);
    else if (verb === TAKEOVER) takeovers.push(operation);
    else if (verb === VERB.openWs) {
      if (operation.type === JOB_TYPE) jobs.add(workspace);
      owners.set(workspace, (owners.get(workspace) ?? new Set()).add(who));
    } else if (variable !== undefined) {
      const key = JSON.stringify([workspace, variable]);
      const list = byVariable.get(key);
      if (list === undefined) byVariable.set(key, [operation]);
      else list.push(operation);
    }
  }
  return [...byVariable.values()].flatMap((own) => {
    const { workspace = '', variable = '' } = own[0] ?? {};
    const isJob = jobs.has(workspace);
    if (isJob && !BAGS.has(variable)) return [];
    const around = [
      ...deletions.filter((one) => one.verb === RESTART || one.workspace === workspace),
      ...closes.filter(({ who }) => owners.get(workspace)?.has(who) === true),
      ...own.filter(({ verb }) => verb === VERB.deleteVar),
    ].filter((one) => one.reply === undefined || isSuccess(one));
    const parties = new Set(own.map(({ who }) => who));
    const goings = closes.filter(({ who }) => parties.has(who));
    const all = new Set([...own, ...around, ...goings, ...recoveries, ...takeovers]);
    return [
      {
        workspace,
        variable,
        mode: isJob ? 'bag' : modeOf(own),
        operations: own,
        deletions: around,
        closes: goings,
        recoveries,
        takeovers,
        end,
        intervalOf: ranked([...all]),
      },
    ];
  });
}

function modeOf(operations: readonly Operation[]): Mode | undefined {
  const declared = new Set(
    operations
      .filter((one) => one.verb === VERB.declareVar && (one.reply === undefined || isSuccess(one)))
      .map(({ value = '' }) => MODES[value]),
  );
  if (declared.size === 0) return 'fifo';
  const [mode] = declared;
  return declared.size === 1 ? mode : undefined;
}

/** Gives each request and reply its place in the order of time. At the same time requests are first: they overlap. */
function ranked(operations: readonly Operation[]): (operation: Operation) => Interval {
  const moments = operations.flatMap((operation) => [
    { operation, at: operation.invoked, isReply: 0 },
    ...(operation.replied === undefined ? [] : [{ operation, at: operation.replied, isReply: 1 }]),
  ]);
  moments.sort((one, other) => one.at - other.at || one.isReply - other.isReply);
  const intervals = new Map<Operation, { invoked: number; replied: number }>();
  for (const [rank, { operation, isReply }] of moments.entries()) {
    const interval = intervals.get(operation);
    if (interval === undefined) intervals.set(operation, { invoked: rank, replied: Infinity });
    else if (isReply === 1) interval.replied = rank;
  }
  return (operation) => {
    const interval = intervals.get(operation);
    if (interval === undefined) throw new Error('this operation belongs to another variable');
    return interval;
  };
}
