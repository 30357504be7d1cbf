import type { EndedJob, EndedJobSummary as Kept } from '../sleigh/ended-job.ts';
import { readFailure, readJobReport } from '../wire/job-report.ts';
import type { EndedJobs } from './about.ts';
import type { EndedJobSummary, EndedJobsView, EndedJobView } from './ended-types.ts';
import { failuresAmong, failuresView } from './job-report.ts';
import { named } from './names.ts';
import { pageOf, type Range } from './paging.ts';
import { countsIn, NO_PROGRESS } from './progress.ts';
import type { FailedElementsView } from './progress-types.ts';
import { recordedTimeline, type TimelineQuery } from './timeline.ts';
import type { TimelineView } from './timeline-types.ts';

/** The jobs that have ended, newest first. */
export const endedJobsView = ({ summaries }: EndedJobs, range: Range): EndedJobsView =>
  pageOf(summaries.length, range, summaries, (job) => summaryOf(job.id, job));

function summaryOf(id: string, job: Kept | EndedJob): EndedJobSummary {
  const { startedAt, endedAt, ranks, deaths, accepted, answered, failed } = job;
  return { id, ...named(job.name), startedAt, endedAt, ranks, deaths, accepted, answered, failed };
}

export function endedJobView(id: string, job: EndedJob): EndedJobView {
  const report = job.report === undefined ? undefined : readJobReport(job.report);
  return {
    ...summaryOf(id, job),
    policy: job.policy,
    replacements: job.replacements,
    progress: { ...NO_PROGRESS, ...countsIn(report, job) },
    batches: report?.batches.toReversed() ?? [],
  };
}

export const endedJobFailures = ({ failures }: EndedJob, range: Range): FailedElementsView =>
  failuresView(failuresAmong(failures.flatMap((text) => readFailure(text) ?? [])), range);

export const endedJobTimeline = (job: EndedJob, query: TimelineQuery): TimelineView =>
  recordedTimeline(
    job.name,
    { spans: job.tasks, marks: job.marks, base: job.startedAt, now: job.endedAt },
    query,
  );
