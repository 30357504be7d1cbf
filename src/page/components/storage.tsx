import type { StorageView } from '../../views/storage-types.ts';
import { bytes, count, duration, milliseconds } from '../lib/format.ts';
import { Fact, Facts, Panel } from './parts.tsx';
import { Plot } from './plot.tsx';

interface StorageProps {
  readonly storage: StorageView;
  /** Whether it is in PostgreSQL, which has its own settings and its own size. */
  readonly isShared: boolean;
}

const noteOf = (sync: string): string =>
  sync === 'always'
    ? '--sync always: a reply leaves when it is on the disk'
    : `--sync ${sync}: up to a second may be lost with the machine`;

/** The store of a server whose jobs survive it. */
export function Storage({ storage, isShared }: StorageProps) {
  const { sync, commits, last, mean, waiting, recovered, recovery, times } = storage;
  return (
    <Panel title="Store" note={isShared ? 'a reply leaves when PostgreSQL has it' : noteOf(sync)}>
      <Facts>
        {!isShared && <Fact name="on the disk">{bytes(storage.bytes)}</Fact>}
        <Fact name="commits">{count(commits)}</Fact>
        <Fact name="last commit">{milliseconds(last)}</Fact>
        <Fact name="mean commit">{milliseconds(mean)}</Fact>
        <Fact name="waiting clients">{count(waiting)}</Fact>
        <Fact name="recovered">
          {count(recovered)}
          {recovered > 0 && ` in ${duration(recovery)}`}
        </Fact>
      </Facts>
      <div class="plots">
        <Plot title="Commits a second" series={times} names={['commits']} />
        <Plot title="Time of a commit" series={times} names={['time']} format={milliseconds} />
      </div>
    </Panel>
  );
}
