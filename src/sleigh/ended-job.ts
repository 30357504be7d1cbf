import { BOUNDS } from '../wire/bounds.ts';
import { JOB_REPORT } from '../wire/job-report.ts';
import { isFile } from '../wire/payload.ts';
import type { Value } from '../workspace/value.ts';
import type { Workspace } from '../workspace/workspace.ts';
import type { Crew } from './crew.ts';
import type { JobOptions } from './options.ts';
import type { Mark, TaskSpan } from './timeline.ts';
import type { Work } from './work.ts';

/** What is kept of a job whose workspace is deleted. Plain data. */
export interface EndedJob {
  /** The name of its workspace, a Latin-1 character for each byte. */
  readonly name: string;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  readonly endedAt: number;
  /** What it did with the task of a dead worker. */
  readonly policy: string;
  readonly ranks: number;
  readonly deaths: number;
  readonly replacements: number;
  /** Tasks that were submitted, those that have a result, and those whose result says that they failed. */
  readonly accepted: number;
  readonly answered: number;
  readonly failed: number;
  /** What its master told about its batches and its failed elements, as texts of JSON (S24). */
  readonly report: string | undefined;
  readonly failures: readonly string[];
  /** Which worker had which task when, and what became of the workers. */
  readonly tasks: readonly TaskSpan[];
  readonly marks: readonly Mark[];
}

/** A job that has ended, in a list. */
export type EndedJobSummary = Omit<EndedJob, 'report' | 'failures' | 'tasks' | 'marks'> & {
  readonly id: string;
};

/** Called while the job is deleted. */
export type OnJobEnd = (job: EndedJob) => void;

/** The parts of a job that say how it went. */
interface Ending {
  readonly workspace: Workspace;
  readonly options: JobOptions;
  readonly startedAt: number;
  readonly now: number;
  readonly crew: Crew;
  readonly work: Work;
  countsOf(what: 'worker'): { in(state: string): number };
}

/** What is kept of a job, while its variables are still there. */
export function endedJob(job: Ending): EndedJob {
  const { workspace, crew, work, options } = job;
  const { accepted, answered, failed } = work.batches.totals.overall;
  const [report] = workspace.find(JOB_REPORT.progress)?.values(0, 1) ?? [];
  const failures = workspace.find(JOB_REPORT.failures)?.values(0, BOUNDS.reportedFailures.value) ?? [];
  return {
    name: workspace.name,
    startedAt: job.startedAt,
    endedAt: job.now,
    policy: options.onDeadWorker,
    ranks: crew.size,
    deaths: job.countsOf('worker').in('dead'),
    replacements: crew.replacements,
    accepted,
    answered,
    failed,
    report: report && textOf(report),
    failures: failures.flatMap((value) => textOf(value) ?? []),
    tasks: [...(crew.timeline?.tasksFrom(0) ?? [])],
    marks: crew.timeline?.marksFrom(0) ?? [],
  };
}

/** Undefined for a value in a file. */
function textOf({ payload }: Value): string | undefined {
  if (isFile(payload)) return undefined;
  return typeof payload === 'string'
    ? Buffer.from(payload, 'latin1').toString()
    : new TextDecoder().decode(payload);
}
