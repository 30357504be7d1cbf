import { count } from '../lib/format.ts';
import { goQuery } from '../lib/router.ts';
import { ordered, stateName, statePath, toneOf, total } from '../lib/states.ts';
import { StateMark } from './states.tsx';

interface StateChipsProps {
  /** A label for the group of buttons. */
  readonly label: string;
  /** The number in each state. */
  readonly counts: Readonly<Record<string, number>>;
  /** The selected state; undefined for all. */
  readonly state: string | undefined;
}

/**
 * A button with a count for each state. Selecting one lists only what is in that state. The address contains the
 * selection.
 */
export function StateChips({ label, counts, state }: StateChipsProps) {
  return (
    <div class="chips" role="group" aria-label={label}>
      <Chip name="all" n={total(counts)} isChosen={state === undefined} />
      {ordered(counts).map(([key, n]) => (
        <Chip key={key} state={key} name={stateName(key)} n={n} isChosen={state === key} />
      ))}
    </div>
  );
}

function Chip({ name, n, isChosen, state }: { name: string; n: number; isChosen: boolean; state?: string }) {
  return (
    <button
      type="button"
      class={`chip ${state === undefined ? '' : `tag ${toneOf(state)}`}`}
      title={state === undefined ? undefined : statePath(state)}
      aria-pressed={isChosen}
      onClick={() => goQuery({ state, from: undefined }, 'replace')}
    >
      {state !== undefined && <StateMark tone={toneOf(state)} />}
      {name} <b>{count(n)}</b>
    </button>
  );
}
