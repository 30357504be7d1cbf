import type { ChartView, MoveView } from '../../views/types.ts';
import type { Lighting, Verdict } from '../lib/lighting.ts';
import { statePath } from '../lib/states.ts';

const SAID: Readonly<Record<Verdict, string>> = {
  open: 'may come',
  forbidden: 'forbidden',
  depends: 'depends',
};
const ORDER: readonly Verdict[] = ['open', 'depends', 'forbidden'];

/** The possible moves, and the guards that prevent the others, as text. */
export function NextMoves({ chart, next }: { chart: ChartView; next: Lighting['next'] }) {
  const moves = [...next]
    .flatMap(([number, verdict]) => {
      const move = chart.moves.find(({ move }) => move === number);
      return move === undefined ? [] : [{ move, verdict }];
    })
    .sort((a, b) => ORDER.indexOf(a.verdict) - ORDER.indexOf(b.verdict));
  if (moves.length === 0) return <p class="nothing">None: this is a final state.</p>;
  return (
    <ul class="moves">
      {moves.map(({ move, verdict }) => (
        <li key={move.move} class={`verdict-${verdict}`}>
          <span class="verdict">{SAID[verdict]}</span>
          <span class="move-words">
            <b>{move.event}</b> {target(move)}
            <Reason verdict={verdict} guard={move.guard} order={move.order} />
          </span>
          <span class="clause" title={move.description}>
            {move.clauses.join(', ')}
          </span>
        </li>
      ))}
    </ul>
  );
}

const target = ({ target }: MoveView): string =>
  target === undefined ? 'changes no state' : `→ ${statePath(target)}`;

const GUARDED: Readonly<Record<Verdict, string>> = {
  open: 'holds:',
  forbidden: 'does not hold:',
  depends: 'if',
};

function Reason(props: { verdict: Verdict; guard: string | undefined; order: number | undefined }) {
  const { verdict, guard, order } = props;
  if (guard === undefined)
    return verdict === 'forbidden' ? <span class="guard">an inner state handles it</span> : null;
  if (guard === 'otherwise')
    return (
      <span class="guard">
        {verdict === 'forbidden' ? 'an earlier guard holds' : 'if no earlier guard holds'}
      </span>
    );
  return (
    <span class="guard">
      {order !== undefined && `${order}. `}
      {GUARDED[verdict]} <code>{guard}</code>
    </span>
  );
}
