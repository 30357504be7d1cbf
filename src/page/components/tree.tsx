import type { ActorsView, ActorSummary } from '../../views/types.ts';
import { count } from '../lib/format.ts';
import { goQuery } from '../lib/router.ts';
import { ordered, stateName, statePath, toneOf, total, words } from '../lib/states.ts';
import { StateMark, StateTag } from './states.tsx';

/** The selection: one actor, or all of one machine, optionally in one state. */
export interface Choice {
  readonly actor: string | undefined;
  readonly chart: string | undefined;
  readonly state: string | undefined;
}

/** The actor above all others. */
export const supervisorOf = ({ single }: ActorsView): ActorSummary | undefined =>
  single.find(({ chart }) => chart === 'sleigh') ?? single[0];

const choose = (choice: Partial<Choice>): void =>
  goQuery({
    actor: choice.actor,
    chart: choice.chart,
    state: choice.state,
    entry: undefined,
    from: undefined,
  });

/** A supervisor and the actors below it: the single ones, and the groups by state. */
export function Tree({ actors, choice }: { actors: ActorsView; choice: Choice }) {
  const root = supervisorOf(actors);
  const others = actors.single.filter((actor) => actor !== root);
  return (
    <nav class="tree" aria-label="Actors">
      {root !== undefined && (
        <Actor name={root.actor} chart={root.chart} state={root.state} choice={choice} />
      )}
      <ul>
        {others.map(({ actor, chart, state }) => (
          <li key={actor}>
            <Actor name={actor} chart={chart} state={state} choice={choice} />
          </li>
        ))}
        {actors.groups.map(({ chart, counts }) => (
          <li key={chart}>
            <button
              type="button"
              class="node"
              aria-current={choice.chart === chart && choice.state === undefined ? 'true' : undefined}
              onClick={() => choose({ chart })}
            >
              <span class="node-name">{words(chart)}s</span>
              <span class="node-count">{count(total(counts))}</span>
            </button>
            <ul>
              {ordered(counts)
                .filter(([, n]) => n > 0)
                .map(([state, n]) => (
                  <li key={state}>
                    <button
                      type="button"
                      class={`node tag ${toneOf(state)}`}
                      title={statePath(state)}
                      aria-current={choice.chart === chart && choice.state === state ? 'true' : undefined}
                      onClick={() => choose({ chart, state })}
                    >
                      <span class="node-name">
                        <StateMark tone={toneOf(state)} />
                        {stateName(state)}
                      </span>
                      <span class="node-count">{count(n)}</span>
                    </button>
                  </li>
                ))}
            </ul>
          </li>
        ))}
      </ul>
    </nav>
  );
}

interface ActorProps {
  readonly name: string;
  readonly chart: string;
  readonly state: string;
  readonly choice: Choice;
}

function Actor({ name, chart, state, choice }: ActorProps) {
  return (
    <button
      type="button"
      class="node"
      aria-current={choice.actor === name ? 'true' : undefined}
      onClick={() => choose({ actor: name })}
    >
      <span class="node-name">{words(name)}</span>
      <StateTag state={state} chart={chart} />
    </button>
  );
}
