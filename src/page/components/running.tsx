/** What a worker does now. */
import type { ProcessView, RunningTaskView } from '../../views/running-types.ts';
import { bytes, count, percent } from '../lib/format.ts';

const lastPart = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

/** The function as people call it: its module if it has no name of its own. */
export const functionName = ({
  module,
  function: name,
}: Pick<RunningTaskView, 'module' | 'function'>): string =>
  name === '' || name === 'default' ? lastPart(module) : name;

/** `square(3) as element 12`. */
export function CallText({ running }: { running: RunningTaskView }) {
  const { module, index, element, isLoading } = running;
  const name = functionName(running);
  if (isLoading) return <span title={module}>loads {lastPart(module)}</span>;
  if (name === '') return <code>{element}</code>;
  return (
    <>
      <code title={module}>
        {name}
        {element !== undefined && `(${element})`}
      </code>
      {index !== undefined && <span class="faint"> element {count(index)}</span>}
    </>
  );
}

/** As `CallText`, for a narrow place. */
export function TileCall({ running }: { running: RunningTaskView }) {
  const { attempt } = running;
  return (
    <span class="tile-call">
      <CallText running={running} />
      {attempt > 1 && <b class="attempt"> attempt {count(attempt)}</b>}
    </span>
  );
}

/** `98 % of a processor, 61.0 MiB`. */
export const processText = ({ processors, memory }: ProcessView): string =>
  [processors !== undefined && `CPU ${percent(processors)}`, memory !== undefined && bytes(memory)]
    .filter(Boolean)
    .join(', ');
