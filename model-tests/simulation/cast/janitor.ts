import { ask, isOk, type Part } from './player.ts';
import type { Stage } from './stage.ts';

/** Runs last: checks whether a client waits although its reply is available, and deletes every workspace. */
export function* janitor({ world }: Stage): Part {
  const listing = yield* ask(['list wss']);
  for (const line of (listing.value ?? '').split('\n').filter((text) => text !== '')) {
    const name = line.slice(1, line.indexOf('\t'));
    if (name.startsWith('job')) {
      yield* ask(['use ws', name, '', 'no', 'no']);
      const status = yield* ask(['find', name, 'jobStatus'], { all: '1' });
      const agents = yield* ask(['find', name, 'agentStatus']);
      const pending = Number(status.metadata['nwsPending']) - Number(status.metadata['nwsRunning']);
      if (pending > 0 && /Blocked workers\n {2}-/.test(agents.value ?? ''))
        world.wrongs.push(`${name}: ${pending} tasks are queued while workers wait: ${agents.value}`);
    }
    const deleted = yield* ask(['delete ws', name]);
    if (!isOk(deleted)) world.wrongs.push(`${name} cannot be deleted: ${deleted.reason}`);
  }
}
