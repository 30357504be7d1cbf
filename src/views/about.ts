import type { EndedJob, EndedJobSummary } from '../sleigh/ended-job.ts';
import type { ClusterFigures } from '../core/whole.ts';
import type { Storage } from './storage.ts';
import type { Reading } from './values.ts';

/** Where jobs that have ended are kept. */
export interface EndedJobs {
  /** Newest first. */
  readonly summaries: readonly EndedJobSummary[];
  find(id: string): EndedJob | undefined;
}

/** Data about the server that the core does not have. */
export interface About extends Reading {
  readonly host: string;
  readonly port: number;
  readonly version: string;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  /** Whether the page may delete and fetch. */
  readonly writable: boolean;
  /** Milliseconds since 1970. */
  now(): number;
  /** Jobs that have ended. */
  readonly endedJobs: EndedJobs;
  /** Undefined if nothing survives the server. */
  readonly storage: Storage | undefined;
  /** Undefined if no other server shares its store. */
  readonly cluster: ClusterFigures | undefined;
  /** @returns the SVG of a machine by its id; '' if there is none */
  drawing(chart: string): string;
}
