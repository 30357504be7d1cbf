/** What the overview of one partition and that of the whole have in common. */
import type { ComponentChildren } from 'preact';
import type { OverviewView, SleighSummary } from '../../views/types.ts';
import type { WholeView } from '../../views/whole-types.ts';
import { count } from '../lib/format.ts';
import { page } from '../lib/paths.ts';
import { usePlace } from '../lib/router.ts';
import { inOrder } from '../lib/sorted-jobs.ts';
import { JobTools, OldSleighs, Sleighs, Workspaces } from './lists.tsx';
import { Nothing, Panel } from './parts.tsx';

type Jobs = Pick<OverviewView | WholeView, 'sleighs' | 'oldSleighs' | 'host' | 'port' | 'now'>;

/** The jobs, which one may search and sort. */
export function JobsPanel({ jobs, note }: { jobs: Jobs; note: string | undefined }) {
  const { query } = usePlace();
  const search = (query.get('search') ?? '').toLowerCase();
  const order = query.get('order') ?? '';
  const { sleighs, oldSleighs, host, port, now } = jobs;
  const isWanted = ({ title }: SleighSummary): boolean => title.toLowerCase().includes(search);
  return (
    <Panel title="Sleighs" note={note}>
      <JobTools jobs={sleighs.length} order={order} />
      {oldSleighs.length > 0 && <OldSleighs sleighs={oldSleighs} />}
      {sleighs.length + oldSleighs.length === 0 ? (
        <Nothing>
          No jobs yet.{' '}
          <code>
            npx sleigh run examples/words.mjs README.md --server {host}:{port}
          </code>{' '}
          runs one here; an old client makes one by opening a workspace whose <code>wstype</code> is{' '}
          <code>sleigh</code>.
        </Nothing>
      ) : (
        <Sleighs sleighs={inOrder(sleighs.filter(isWanted), order)} now={now} />
      )}
    </Panel>
  );
}

/** The first workspaces. @param children what is said above them */
export const WorkspacesPanel = (props: {
  total: number;
  workspaces: Parameters<typeof Workspaces>[0]['workspaces'] | undefined;
  children?: ComponentChildren;
}) => (
  <Panel title="Workspaces" note={<a href={page.workspaces}>all {count(props.total)}</a>}>
    {props.children}
    {props.workspaces !== undefined && props.workspaces.length > 0 ? (
      <Workspaces workspaces={props.workspaces} />
    ) : (
      <Nothing>
        No workspaces yet. A client makes one by <code>open ws</code> with a name of its choice.
      </Nothing>
    )}
  </Panel>
);
