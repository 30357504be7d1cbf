/** Derives reasons why a job may be stuck from its view, as sentences. */
import type { SleighSummary } from '../../views/types.ts';
import { plural } from './format.ts';
import { ofTone, total } from './states.ts';

export interface Notice {
  /** A trouble needs an action; a hint explains what is shown. */
  readonly kind: 'trouble' | 'hint';
  readonly text: string;
}

export function notices({
  state,
  hasFailed,
  workers,
  queued,
  running,
  results,
  joinPhase,
  shutdown,
}: SleighSummary): Notice[] {
  const all: Notice[] = [];
  const trouble = (text: string): number => all.push({ kind: 'trouble', text });
  const hint = (text: string): number => all.push({ kind: 'hint', text });
  if (hasFailed) {
    trouble('It has failed by a fault of the server: waiting clients were answered, and it has ended');
    return all;
  }
  const dead = ofTone(workers, 'dead', 'lost');
  const waiting = ofTone(workers, 'waiting');
  const registered = ofTone(workers, 'waiting', 'idle', 'busy');
  const idle = ofTone(workers, 'idle');
  const reserved = ofTone(workers, 'reserved');

  if (dead > 0) trouble(`${plural(dead, 'worker has', 'workers have')} died`);
  if (state !== 'serving') {
    if (shutdown.endsWith('byItself')) trouble('It shuts down by itself, because it cannot continue');
    if (queued > 0) hint(`${plural(queued, 'task')} will not be done: the sleigh is shutting down`);
    return all;
  }
  if (registered === 0) {
    if (queued > 0)
      trouble(`${plural(queued, 'task waits', 'tasks wait')}, and no worker is there to take them`);
    else if (total(workers) === 0) hint('No sentinel has fetched a rank yet');
    if (reserved > 0)
      hint(`${plural(reserved, 'rank was', 'ranks were')} given out whose workers have not registered`);
    return all;
  }
  if (queued > 0 && waiting > 0 && running === 0) trouble('Workers wait although tasks are queued');
  if (queued + running === 0 && waiting === registered)
    hint(
      results > 0
        ? `All workers wait for tasks: ${plural(results, 'result waits', 'results wait')} to be fetched by the master`
        : 'All workers wait for tasks: none is queued',
    );
  if (queued > 0 && idle === registered) hint('Tasks are queued, and no worker has fetched one yet');
  if (joinPhase.includes('joining'))
    hint('The group is joining: clients that requested the number of workers wait until it closes');
  return all;
}
