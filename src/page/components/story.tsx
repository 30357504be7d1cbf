import type { StoryEntry } from '../../views/types.ts';
import { isoTime, timeOfDay } from '../lib/format.ts';
import { storyKeys } from '../lib/lighting.ts';
import { stateName, statePath, toneOf } from '../lib/states.ts';
import { StateMark } from './states.tsx';

interface StoryProps {
  readonly story: readonly StoryEntry[];
  /** The key of the selected entry; undefined while the story is live. */
  readonly chosen: string | undefined;
  readonly onChoose: (key: string | undefined) => void;
}

/** The steps of an actor, newest first. Each entry is a button that shows the machine at that step. */
export function Story({ story, chosen, onChoose }: StoryProps) {
  const keys = storyKeys(story);
  const entries = story.map((entry, i) => ({ entry, key: keys[i] ?? '' })).toReversed();
  if (entries.length === 0) return <p class="nothing">It has no steps yet.</p>;
  return (
    <ol class="story" aria-label="Story, the newest first" onKeyDown={walk}>
      {entries.map(({ entry, key }) => (
        <li key={key}>
          <button
            type="button"
            class="entry"
            aria-pressed={key === chosen}
            onClick={() => onChoose(key === chosen ? undefined : key)}
          >
            <time dateTime={isoTime(entry.time)}>{timeOfDay(entry.time)}</time>
            <span class="entry-event">
              <b>{entry.event === 'xstate.init' ? 'begins' : entry.event}</b> {entry.detail}
            </span>
            <span class="entry-way">
              <Way entry={entry} />
              {entry.description !== '' && <span class="faint">{entry.description}</span>}
              {entry.clause !== '' && <span class="clause">{entry.clause}</span>}
            </span>
          </button>
        </li>
      ))}
    </ol>
  );
}

function Way({ entry: { before, after } }: { entry: StoryEntry }) {
  return before === after ? (
    <span class="faint">
      stays <span title={statePath(after)}>{stateName(after)}</span>
    </span>
  ) : (
    <>
      {before !== '' && <span title={statePath(before)}>{stateName(before)} → </span>}
      <span class={`tag ${toneOf(after)}`} title={statePath(after)}>
        <StateMark tone={toneOf(after)} />
        {stateName(after)}
      </span>
    </>
  );
}

/** The arrow keys move between entries. */
function walk(event: KeyboardEvent & { currentTarget: HTMLElement }): void {
  const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  const buttons = [...event.currentTarget.querySelectorAll<HTMLElement>('button')];
  const at = buttons.findIndex((button) => button === document.activeElement);
  const next = by === undefined || at < 0 ? undefined : buttons[at + by];
  if (next === undefined) return;
  event.preventDefault();
  next.focus();
}
