import { count } from '../lib/format.ts';
import { goQuery } from '../lib/router.ts';
import { ordered, stateName, statePath, toneOf, total } from '../lib/states.ts';
import { StateMark } from './states.tsx';

interface StateChipsProps {
  /** What they choose among. */
  readonly label: string;
  /** How many are in each state. */
  readonly counts: Readonly<Record<string, number>>;
  /** The chosen one; undefined for all. */
  readonly state: string | undefined;
}

/** A button for each state, with how many are in it: those in one state alone are listed then. The choice is in the address. */
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
