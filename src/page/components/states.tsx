/** A state has the same colour, shape and name on all pages. */
import { count } from '../lib/format.ts';
import { ordered, stateName, statePath, toneOf, type Tone } from '../lib/states.ts';

const SHAPES: Readonly<Record<Tone, string>> = {
  busy: 'M4 2.5v11l9-5.5Z',
  waiting: 'M3.5 2h9L8.6 8l3.9 6h-9l3.9-6Z',
  idle: 'M8 3a5 5 0 1 1-.01 0Z',
  reserved: 'M8 3a5 5 0 1 1-.01 0Z',
  dead: 'M3.5 3.5l9 9m0-9l-9 9',
  lost: 'M8 2.2l6.3 11.3H1.7ZM8 6.4v3.4m0 1.6v.4',
  left: 'M3 8h9m-3.5-3.8L12.3 8l-3.8 3.8',
  deadbeat: 'M8 2.5a5.5 5.5 0 1 1-.01 0ZM4.2 11.8l7.6-7.6',
  ending: 'M8 2.5v9m-4-3.8l4 4 4-4',
  done: 'M2.8 8.5l3.4 3.6 7-8',
};

export function StateMark({ tone }: { tone: Tone }) {
  return (
    <svg class={`mark-of ${tone}`} viewBox="0 0 16 16" aria-hidden="true">
      <path d={SHAPES[tone]} />
    </svg>
  );
}

export function StateTag({ state, chart }: { state: string; chart?: string }) {
  const tone = toneOf(state, chart);
  return (
    <span class={`tag ${tone}`} title={statePath(state)}>
      <StateMark tone={tone} />
      {stateName(state)}
    </span>
  );
}

type Counts = Readonly<Record<string, number>>;

/**
 * Counts by state, as a line of tags.
 * @param none what it says if there is nothing to count
 */
export function StateCounts({ counts, none = 'none' }: { counts: Counts; none?: string }) {
  const shown = ordered(counts).filter(([, n]) => n > 0);
  if (shown.length === 0) return <span class="faint">{none}</span>;
  return (
    <ul class="state-counts">
      {shown.map(([state, n]) => (
        <li key={state} class={`tag ${toneOf(state)}`} title={statePath(state)}>
          <StateMark tone={toneOf(state)} />
          {stateName(state)} <b>{count(n)}</b>
        </li>
      ))}
    </ul>
  );
}
