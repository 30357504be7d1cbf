import { VERB } from '../../wire/names.ts';
import { isReading, isRemoving } from './lives.ts';
import type { Interval } from './life.ts';
import { CLOSE, type Operation } from './operation.ts';
import { isSuccess, type VariableHistory } from './variable-history.ts';
import { finding, type Finding } from './violation.ts';

/** One client at a barrier: its operations, in order. */
interface Party {
  readonly who: string;
  readonly operations: readonly Operation[];
}

/** A time span in which a client was certainly a member, or may have been one. */
interface Stretch {
  /** When the operation was invoked with which it began. */
  readonly asked: number;
  readonly from: number;
  readonly to: number;
  readonly operation: Operation;
}

const GRACE_MS = 1_000;

/**
 * Whether a barrier did what it must (V12), as far as one can tell for certain, in O(n²) for n operations. Nobody is
 * released while some member is certainly not waiting; the number that is told lies between that of those who were
 * members for certain and of those who may have been; and not all members wait in the end.
 */
export function wrongAtBarrier(history: VariableHistory): Finding | undefined {
  const { operations, intervalOf, deletions } = history;
  // A deletion ends everything that is known of members.
  if (deletions.length > 0) return undefined;
  const parties = partiesOf(history);
  const inOrder = (list: readonly Operation[]): Interval[] =>
    list.map(intervalOf).sort((one, other) => one.invoked - other.invoked);
  const recoveries = inOrder(history.recoveries);
  const interruptions = inOrder([...history.recoveries, ...history.takeovers]);
  const stretches = (kind: Kind): Stretch[] =>
    parties
      .flatMap((party) => stretchesOf(party, intervalOf, kind))
      .map((stretch) => ended(stretch, kind === 'possible' ? recoveries : interruptions, kind));
  const [away, member, mayBe] = [stretches('away'), stretches('member'), stretches('possible')];
  for (const find of operations) {
    if (find.verb !== VERB.find || !isSuccess(find)) continue;
    const interval = intervalOf(find);
    const wrong = earlyRelease(find, interval, away) ?? wrongNumber(find, interval, member, mayBe);
    if (wrong !== undefined) return wrong;
  }
  return neverReleased(history, parties);
}

function partiesOf({ operations, closes }: VariableHistory): Party[] {
  const parties = new Map<string, Operation[]>();
  for (const operation of [...operations, ...closes].sort((one, other) => one.invoked - other.invoked)) {
    const list = parties.get(operation.who) ?? [];
    parties.set(operation.who, [...list, operation]);
  }
  return [...parties].map(([who, own]) => ({ who, operations: own }));
}

/** Certainly a member that does not wait; certainly a member; perhaps one. */
type Kind = 'away' | 'member' | 'possible';

/**
 * No member of before a recovery is one after it (D4), and none of before a takeover is one after it for certain (D13).
 * What was asked before it may have been carried out before it, although the reply came later.
 */
function ended(stretch: Stretch, recoveries: readonly Interval[], kind: Kind): Stretch {
  const isPossible = kind === 'possible';
  const recovery = recoveries.find((each) => stretch.asked < (isPossible ? each.invoked : each.replied));
  if (recovery === undefined) return stretch;
  const end = isPossible ? recovery.replied : Math.max(stretch.from, recovery.invoked);
  return { ...stretch, to: Math.min(stretch.to, end) };
}

function stretchesOf(
  { operations }: Party,
  intervalOf: (operation: Operation) => Interval,
  kind: Kind,
): Stretch[] {
  const stretches: Stretch[] = [];
  let since: Omit<Stretch, 'to'> | undefined;
  const endsAt = (to: number): void => {
    if (since !== undefined) stretches.push({ ...since, to });
    since = undefined;
  };
  const begins = (stretch: Omit<Stretch, 'to'>): void => void (since ??= stretch);
  for (const operation of operations) {
    const { invoked, replied } = intervalOf(operation);
    if (operation.verb === VERB.store && (operation.reply === undefined || isSuccess(operation)))
      begins({ asked: invoked, from: kind === 'possible' ? invoked : replied, operation });
    else if (operation.verb === CLOSE || (isRemoving(operation) && operation.reply?.status !== '0001'))
      // The server may learn of the end of a connection at any time after it.
      endsAt(kind === 'possible' ? (operation.verb === CLOSE ? Infinity : replied) : invoked);
    else if (operation.verb === VERB.find && kind === 'away') {
      const joined = since?.operation;
      endsAt(invoked);
      if (joined !== undefined && isSuccess(operation))
        begins({ asked: invoked, from: replied, operation: joined });
    }
  }
  endsAt(Infinity);
  return stretches;
}

/** Somebody who did not wait was a member all the time in which the others can have been released. */
function earlyRelease(
  find: Operation,
  { invoked, replied }: Interval,
  away: readonly Stretch[],
): Finding | undefined {
  let reached = invoked;
  const missing: Operation[] = [];
  for (const { from, to, operation } of away.toSorted((one, other) => one.from - other.from)) {
    if (from > reached || reached >= replied) break;
    if (to <= reached) continue;
    reached = to;
    missing.push(operation);
  }
  if (reached < replied) return undefined;
  const names = [...new Set(missing.map(({ who }) => who))].join(', ');
  return finding(['V12'], `${find.who} was released while ${names} had joined and did not wait`, [
    ...missing,
    find,
  ]);
}

/** More members than there can have been, or fewer than there were for certain. */
function wrongNumber(
  find: Operation,
  { invoked, replied }: Interval,
  member: readonly Stretch[],
  mayBe: readonly Stretch[],
): Finding | undefined {
  const told = Number(find.reply?.value);
  const throughout = member.filter(({ from, to }) => from < invoked && to > replied);
  const atSomeTime = mayBe.filter(({ from, to }) => from < replied && to > invoked);
  // A client may have left and joined again.
  const most = new Set(atSomeTime.map(({ operation: { who } }) => who)).size;
  if (told >= throughout.length && told <= most) return undefined;
  const range = throughout.length === most ? `${most}` : `${throughout.length} to ${most}`;
  return finding(['V12'], `${find.who} was told that there were ${find.reply?.value} members, not ${range}`, [
    ...atSomeTime.map(({ operation }) => operation),
    find,
  ]);
}

const hasGone = (one: Operation | undefined): boolean =>
  one?.verb === CLOSE || (one !== undefined && isRemoving(one) && isSuccess(one));

/** In the end everybody who joined waits, and nobody was released. */
function neverReleased(
  { end, operations, recoveries }: VariableHistory,
  all: readonly Party[],
): Finding | undefined {
  if (end === undefined) return undefined;
  const lastRecovery = Math.max(...recoveries.map(({ invoked }) => invoked));
  const parties = all.filter(({ operations: own }) => own.some(({ invoked }) => invoked >= lastRecovery));
  const last = parties.map(({ operations: own }) => own.at(-1));
  const waiting = last.filter((one) => one !== undefined && isReading(one) && one.replied === undefined);
  const joined = parties.filter(({ operations: own }) =>
    own.some((one) => one.verb === VERB.store && isSuccess(one)),
  );
  const isForgotten =
    waiting.length > 0 &&
    last.every((one) => hasGone(one) || waiting.includes(one)) &&
    waiting.every((one) => one !== undefined && one.invoked <= end - GRACE_MS);
  if (!isForgotten) return undefined;
  const names = joined.map(({ who }) => who).join(', ');
  return finding(
    ['V12'],
    `all members wait (${names}), and nobody was released`,
    operations.filter((one) => one.verb === VERB.store || one.replied === undefined),
  );
}
