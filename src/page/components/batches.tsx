import type { BatchView } from '../../views/progress-types.ts';
import { count, duration } from '../lib/format.ts';
import { Head, Meter, Nothing, Table } from './parts.tsx';

export function Batches({ batches }: { batches: readonly BatchView[] }) {
  if (batches.length === 0)
    return (
      <Nothing>
        No tasks yet. The master stores them into the variable “task”, a batch by its metadata.
      </Nothing>
    );
  return (
    <Table
      caption="Progress of each batch"
      head={
        <>
          <Head>Batch</Head>
          <Head>Answered</Head>
          <Head number>of</Head>
          <Head number>Queued</Head>
          <Head number>Running</Head>
          <Head number>Results waiting</Head>
          <Head number>Time left</Head>
        </>
      }
    >
      {batches.map(({ batch, accepted, answered, queued, running, results, remaining }) => (
        <tr key={batch?.name ?? ''}>
          <th scope="row">{batch === undefined ? <span class="faint">no batch</span> : batch.title}</th>
          <td>
            <Meter share={accepted === 0 ? 0 : answered / accepted} label={`answered: ${count(answered)}`} />
          </td>
          <td class="number">
            {count(answered)} / {count(accepted)}
          </td>
          <td class="number">{count(queued)}</td>
          <td class="number">{count(running)}</td>
          <td class="number">{count(results)}</td>
          <td class="number">{timeLeft(queued + running, remaining)}</td>
        </tr>
      ))}
    </Table>
  );
}

function timeLeft(pending: number, remaining: number | undefined): string {
  if (pending === 0) return 'none';
  return remaining === undefined ? 'unknown' : `about ${duration(remaining)}`;
}
