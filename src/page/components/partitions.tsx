/** The partitions of the whole: who owns each, and who owned it when. */
import { useState } from 'preact/hooks';
import type { TakeoverReason } from '../../views/cluster-types.ts';
import type { MemberView, PartitionState, PartitionView, TakeoversView } from '../../views/whole-types.ts';
import { count, duration, plural, timeOfDay } from '../lib/format.ts';
import {
  marksOf,
  ownershipsOf,
  periodOf,
  PERIODS,
  shareOf,
  type LocatedTakeover,
  type Period,
} from '../lib/ownership.ts';
import { pageOfPartition } from '../lib/paths.ts';
import { Head, Panel, Table } from './parts.tsx';
import { reasonOf, Takeovers } from './servers.tsx';

/** The number of colours for servers. */
const COLOURS = 6;
/** The number of partitions that are shown at once. */
const SOME = 64;
/** The number of takeovers in the table. */
const MOST_LISTED = 100;
const HOUR = 3_600_000;

interface PartitionsProps {
  readonly partitions: readonly PartitionView[];
  readonly servers: readonly MemberView[];
  readonly takeovers: TakeoversView | undefined;
  readonly now: number;
}

export function Partitions({ partitions, servers, takeovers, now }: PartitionsProps) {
  const [length, setLength] = useState<number | undefined>(HOUR);
  const [near, setNear] = useState<LocatedTakeover | undefined>(undefined);
  const [isWhole, setIsWhole] = useState(false);
  const known = takeovers?.takeovers ?? [];
  const period = periodOf(length, known, now);
  const names = namesOf(servers, partitions, known);
  const shown = isWhole ? partitions : partitions.slice(0, SOME);
  const inPeriod = known.filter(({ time }) => time >= period.from);
  return (
    <Panel title="Partitions" note={`${plural(takeovers?.total ?? 0, 'takeover')} since the store was made`}>
      <div class="timeline-tools">
        <Owners names={names} />
        <span class="timeline-buttons" role="group" aria-label="Period">
          {PERIODS.map(({ name, milliseconds }) => (
            <button
              key={name}
              type="button"
              aria-pressed={length === milliseconds}
              onClick={() => setLength(milliseconds)}
            >
              {name}
            </button>
          ))}
        </span>
      </div>
      <p class="takeover-near" aria-live="polite">
        {near === undefined ? (
          <span class="faint">
            {summaryOf(inPeriod.length, length)}
            {inPeriod.length > 0 && ' Point at one, or use the arrow keys in a row, for its reason.'}
          </span>
        ) : (
          <>
            <b>{timeOfDay(near.time, false)}</b> partition {near.partition} from {near.from ?? 'nobody'} to{' '}
            {near.to}, epoch {count(near.epoch)}. {reasonOf(near)}
          </>
        )}
      </p>
      <Table
        caption="Partitions"
        class="partitions"
        head={
          <>
            <Head number>Partition</Head>
            <Head>Owner</Head>
            <th scope="col" class="ownership-head">
              <Axis period={period} />
            </th>
            <Head number>Jobs</Head>
            <Head number>Workspaces</Head>
            <Head number>Clients</Head>
            <Head number>Epoch</Head>
            <Head number>Lease</Head>
          </>
        }
      >
        {shown.map((partition) => (
          <tr key={partition.partition} class={partition.state}>
            <th scope="row" class="number">
              <a href={pageOfPartition(partition.partition).overview}>{partition.partition}</a>
            </th>
            <td>
              <Owner partition={partition} names={names} />
            </td>
            <td class="ownership-cell">
              <Row
                partition={partition}
                takeovers={known.filter((takeover) => takeover.partition === partition.partition)}
                period={period}
                names={names}
                near={near}
                onNear={setNear}
              />
            </td>
            <td class="number">
              {count(partition.jobs)}
              {partition.inTrouble > 0 && (
                <>
                  {', '}
                  <b class="failed">{count(partition.inTrouble)} in trouble</b>
                </>
              )}
            </td>
            <td class="number">{partition.counts === null ? '–' : count(partition.counts.workspaces)}</td>
            <td class="number">{partition.counts === null ? '–' : count(partition.counts.connections)}</td>
            <td class="number">{count(partition.epoch)}</td>
            <td class="number">
              {(partition.leaseLeft ?? 0) > 0 ? (
                duration(partition.leaseLeft ?? 0)
              ) : (
                <b class="failed">over</b>
              )}
            </td>
          </tr>
        ))}
      </Table>
      {partitions.length > SOME && (
        <button type="button" onClick={() => setIsWhole(!isWhole)}>
          {isWhole ? `Show the first ${SOME}` : `Show all ${partitions.length} partitions`}
        </button>
      )}
      {known.length > 0 && (
        <details class="takeovers">
          <summary>
            {known.length > MOST_LISTED
              ? `The newest ${MOST_LISTED} takeovers as a table`
              : `${plural(known.length, 'takeover')} as a table`}
          </summary>
          <Takeovers takeovers={known.slice(0, MOST_LISTED)} />
        </details>
      )}
    </Panel>
  );
}

const summaryOf = (takeovers: number, length: number | undefined): string => {
  const period = PERIODS.find(({ milliseconds }) => milliseconds === length)?.period ?? '';
  return `${takeovers === 0 ? 'No takeover' : plural(takeovers, 'takeover')} ${period}.`;
};

/** Every server that is named, in the order in which they get colours. */
function namesOf(
  servers: readonly MemberView[],
  partitions: readonly PartitionView[],
  takeovers: readonly LocatedTakeover[],
): string[] {
  const all = [
    ...servers.map(({ name }) => name),
    ...partitions.flatMap(({ owner }) => owner ?? []),
    ...takeovers.flatMap(({ from, to }) => (from === null ? [to] : [from, to])),
  ];
  return [...new Set(all)].sort((a, b) => a.localeCompare(b, undefined, { numeric: true }));
}

const colourOf = (name: string, names: readonly string[]): string =>
  `owner-${(names.indexOf(name) % COLOURS) + 1}`;

const Owners = ({ names }: { names: readonly string[] }) => (
  <ul class="timeline-legend">
    {names.map((name) => (
      <li key={name}>
        <span class={`owner-dot ${colourOf(name, names)}`} />
        {name}
      </li>
    ))}
    <li>
      <span class="owner-dot nobody" />
      nobody
    </li>
    {REASONS.map(([reason, text]) => (
      <li key={reason}>
        <Mark reason={reason} />
        {text}
      </li>
    ))}
  </ul>
);

const REASONS: readonly (readonly [TakeoverReason, string])[] = [
  ['lease over', 'lease was over'],
  ['released', 'owner gave it up'],
  ['restarted', 'owner was started again'],
  ['first', 'first owner'],
];

const SHAPES: Readonly<Record<TakeoverReason, string>> = {
  'lease over': 'M6 1.5L11 10.5H1Z',
  released: 'M2 2h8v8H2Z',
  restarted: 'M6 1l5 5-5 5-5-5Z',
  first: 'M6 1.5a4.5 4.5 0 1 1-.01 0Z',
};

const Mark = ({ reason }: { reason: TakeoverReason }) => (
  <svg
    class={`takeover-mark ${reason === 'lease over' ? 'hard' : ''}`}
    viewBox="0 0 12 12"
    aria-hidden="true"
  >
    <path d={SHAPES[reason]} />
  </svg>
);

const STATES: Readonly<Record<Exclude<PartitionState, 'served'>, string>> = {
  unowned: 'no owner',
  loading: 'loads',
  silent: 'silent',
  unknown: 'another version',
};

function Owner({ partition, names }: { partition: PartitionView; names: readonly string[] }) {
  const { owner, state } = partition;
  return (
    <span class="owner">
      {owner !== null && state !== 'unowned' && (
        <>
          <span class={`owner-dot ${colourOf(owner, names)}`} />
          {owner}
        </>
      )}
      {state !== 'served' && (
        <span class={`tag ${state === 'unowned' || state === 'silent' ? 'dead' : 'lost'}`}>
          {STATES[state]}
        </span>
      )}
    </span>
  );
}

/** The number of times on the axis, and the percent at its ends at which none has a place. */
const MARKS = 6;
const EDGE = 4;

function Axis({ period }: { period: Period }) {
  const isLong = period.to - period.from > 2 * 24 * HOUR;
  return (
    <span class="ownership-axis">
      {marksOf(period, MARKS)
        .filter((time) => shareOf(time, period) > EDGE && shareOf(time, period) < 100 - EDGE)
        .map((time) => (
          <span key={time} style={{ left: `${shareOf(time, period)}%` }}>
            {isLong ? dayOf(time) : timeOfDay(time, false).slice(0, 5)}
          </span>
        ))}
    </span>
  );
}

const dayOf = (time: number): string =>
  new Date(time).toLocaleDateString('en-GB', { day: 'numeric', month: 'short' });

/** Percent of a row from which the name of the owner has a place. */
const WIDE = 9;

/** When nobody owned a partition any more; undefined if somebody does. A time that is not known is shown as now. */
const lostAt = ({ state, leaseLeft }: PartitionView, now: number): number | undefined =>
  state === 'unowned' ? Math.min(now + (leaseLeft ?? 0), now - 1) : undefined;

function Row(props: {
  partition: PartitionView;
  takeovers: readonly LocatedTakeover[];
  period: Period;
  names: readonly string[];
  near: LocatedTakeover | undefined;
  onNear: (near: LocatedTakeover | undefined) => void;
}) {
  const { partition, takeovers, period, names, near, onNear } = props;
  const isOwned = partition.owner !== null && partition.state !== 'unowned';
  const shown = takeovers.filter(({ time }) => time >= period.from);
  const onKeyDown = (event: KeyboardEvent): void => {
    const step = { ArrowLeft: 1, ArrowRight: -1 }[event.key];
    if (step === undefined || shown.length === 0) return;
    event.preventDefault();
    const at = near === undefined ? -1 : shown.indexOf(near);
    const next = at < 0 ? 0 : Math.min(shown.length - 1, Math.max(0, at + step));
    onNear(shown[next]);
  };
  return (
    <div
      class="ownership"
      role="img"
      aria-label={`${isOwned ? `${partition.owner} owns it` : 'nobody owns it'}; ${plural(shown.length, 'takeover')}`}
      tabIndex={shown.length > 0 ? 0 : undefined}
      onKeyDown={onKeyDown}
      onFocus={() => onNear(shown[0])}
      onBlur={() => onNear(undefined)}
      onMouseLeave={() => onNear(undefined)}
    >
      {ownershipsOf(takeovers, period, lostAt(partition, period.to)).map(({ owner, from, to }) => {
        const left = shareOf(from, period);
        const width = shareOf(to, period) - left;
        return (
          <span
            key={from}
            class={owner === null ? 'nobody' : colourOf(owner, names)}
            style={{ left: `${left}%`, width: `${width}%` }}
          >
            {owner !== null && width >= WIDE && owner}
          </span>
        );
      })}
      {shown.map((takeover) => (
        <span
          key={takeover.epoch}
          class={`takeover-at ${takeover === near ? 'near' : ''}`}
          style={{ left: `${shareOf(takeover.time, period)}%` }}
          title={reasonOf(takeover)}
          onMouseEnter={() => onNear(takeover)}
        >
          <Mark reason={takeover.reason} />
        </span>
      ))}
    </div>
  );
}
