import { useEffect, useState } from 'preact/hooks';
import type { ReplayView, StepView } from '../../views/replay-types.ts';
import { Actors } from '../components/actors.tsx';
import { Nothing, PageHead, Panel, Time, Waiting } from '../components/parts.tsx';
import {
  elapse,
  isAtEnd,
  move,
  newClock,
  pause,
  play,
  seek,
  SPEEDS,
  type ReplayClock,
} from '../lib/clock.ts';
import { Timeline } from '../components/timeline.tsx';
import { count, timeOfDay } from '../lib/format.ts';
import { api } from '../lib/paths.ts';
import { goQuery, usePlace } from '../lib/router.ts';
import { useView } from '../lib/use-view.ts';

/** A recorded trace, step by step, in the same diagrams. */
export function ReplayPage() {
  const reading = useView<ReplayView>(api('/replay'), 'once');
  const { data } = reading;
  if (data === undefined) return <Waiting reading={reading} what="Replay" />;
  return (
    <>
      <PageHead kind="Replay of" title={data.file}>
        <span class="faint">
          <Time at={data.from} withDate /> to <Time at={data.to} />
        </span>
      </PageHead>
      {data.steps === 0 ? <Nothing>There is no step in this trace.</Nothing> : <Replay trace={data} />}
    </>
  );
}

function Replay({ trace }: { trace: ReplayView }) {
  const { query } = usePlace();
  const chosen = query.get('scope');
  const scope = trace.scopes.find(({ scope }) => scope === chosen) ?? usual(trace);
  const [clock, setClock] = useState(() =>
    newClock(trace.steps, Number(query.get('step') ?? scope?.first ?? 1)),
  );
  // While it plays, the address would change too often.
  useEffect(() => {
    if (!clock.isPlaying) goQuery({ step: clock.step }, 'replace');
  }, [clock.isPlaying, clock.step]);
  const { data: step } = useView<StepView>(api(`/replay/${clock.step}`), 'once');
  useFrames(clock.isPlaying, (passed) => setClock((clock) => elapse(clock, passed)));

  const { violation } = trace;
  return (
    <>
      {violation !== undefined && (
        <div class="banner">
          <strong>No machine allows step {count(violation.step)}:</strong> {violation.reason}{' '}
          <button type="button" onClick={() => setClock(pause(seek(clock, violation.step)))}>
            Show it
          </button>
        </div>
      )}
      <Controls clock={clock} onClock={setClock} trace={trace} scope={scope?.scope} time={step?.time} />
      {scope !== undefined && !isConnection(scope.scope) && (
        <Panel title="Timeline">
          <Timeline
            key={scope.scope}
            path={api('/replay/1/timeline')}
            query={{ scope: scope.scope }}
            isLive={false}
            name={scope.scope}
          />
        </Panel>
      )}
      {scope !== undefined && (
        <Actors
          key={scope.scope}
          base={api(`/replay/${clock.step}`)}
          query={{ scope: scope.scope }}
          how="once"
        />
      )}
    </>
  );
}

const isConnection = (scope: string): boolean => scope.startsWith('connection ');
const GROUPS: readonly (readonly [label: string, holds: (scope: string) => boolean])[] = [
  ['Jobs', (scope) => !isConnection(scope)],
  ['Clients', isConnection],
];

/** The first sleigh, or a connection if there is none. */
const usual = ({ scopes }: ReplayView): ReplayView['scopes'][number] | undefined =>
  scopes.find(({ scope }) => !isConnection(scope)) ?? scopes[0];

interface ControlsProps {
  readonly clock: ReplayClock;
  readonly onClock: (clock: ReplayClock) => void;
  readonly trace: ReplayView;
  readonly scope: string | undefined;
  /** When the step was taken. */
  readonly time: number | undefined;
}

function Controls({ clock, onClock, trace, scope, time }: ControlsProps) {
  const choose = (name: string): void => {
    goQuery({ scope: name, actor: undefined, chart: undefined, state: undefined, from: undefined });
    const first = trace.scopes.find(({ scope }) => scope === name)?.first;
    if (first !== undefined) onClock(pause(seek(clock, first)));
  };
  return (
    <section class="controls" aria-label="Replay">
      <div class="control-buttons">
        <button type="button" onClick={() => onClock(move(clock, -1))} disabled={clock.step <= 1}>
          Step back
        </button>
        <button
          type="button"
          class="primary play"
          onClick={() => onClock(clock.isPlaying ? pause(clock) : play(clock))}
        >
          {clock.isPlaying ? 'Pause' : 'Play'}
        </button>
        <button type="button" onClick={() => onClock(move(clock, 1))} disabled={isAtEnd(clock)}>
          Step
        </button>
      </div>
      <label class="seek">
        <span>
          Step <b>{count(clock.step)}</b> of {count(clock.steps)}
          {time !== undefined && <>, at {timeOfDay(time)}</>}
        </span>
        <input
          type="range"
          min={1}
          max={clock.steps}
          value={clock.step}
          onInput={({ currentTarget }) => onClock(pause(seek(clock, Number(currentTarget.value))))}
        />
      </label>
      <label>
        Speed{' '}
        <select
          value={clock.speed}
          onChange={({ currentTarget }) => onClock({ ...clock, speed: Number(currentTarget.value) })}
        >
          {SPEEDS.map((speed) => (
            <option key={speed} value={speed}>
              {speed} a second
            </option>
          ))}
        </select>
      </label>
      <label>
        Job or client{' '}
        <select value={scope} onChange={({ currentTarget }) => choose(currentTarget.value)}>
          {GROUPS.map(([label, holds]) => {
            const scopes = trace.scopes.filter((each) => holds(each.scope));
            return scopes.length === 0 ? null : (
              <optgroup key={label} label={label}>
                {scopes.map(({ scope }) => (
                  <option key={scope} value={scope}>
                    {scope}
                  </option>
                ))}
              </optgroup>
            );
          })}
        </select>
      </label>
    </section>
  );
}

/** Calls back with the milliseconds of each frame, while it is on. */
function useFrames(isOn: boolean, onFrame: (passed: number) => void): void {
  useEffect(() => {
    if (!isOn) return undefined;
    let last = performance.now();
    let frame = requestAnimationFrame(next);
    function next(): void {
      const now = performance.now();
      onFrame(now - last);
      last = now;
      frame = requestAnimationFrame(next);
    }
    return () => cancelAnimationFrame(frame);
  }, [isOn]);
}
