import { readFileSync } from 'node:fs';
import { mkdir, open, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { EndedJob, EndedJobSummary } from '../sleigh/ended-job.ts';

const DAY_MS = 24 * 60 * 60_000;
const DEFAULT_DAYS = 7;
/** The most jobs that are kept: in a folder, and in memory, where a job with 100,000 tasks takes some megabytes. */
const MAX_KEPT = { inFolder: 1_000, inMemory: 20 };
/** The names of files: when the job ended, and a number, so that they sort by time. */
const FILE = /^(\d{1,15})-(\d+)\.json$/;

/** Bytes within which the first line of a file ends: most of it is the name of the workspace, which has at most 9,999. */
const MAX_SUMMARY = 2 ** 17;

interface Kept {
  readonly summary: EndedJobSummary;
  /** Undefined if it is in a file. */
  readonly job: EndedJob | undefined;
}

/**
 * Keeps jobs that have ended for some days: with a folder as a file each, which the next server finds as well, and without
 * one in memory.
 */
export class EndedJobs {
  readonly #folder: string | undefined;
  readonly #days: number;
  readonly #most: number;
  /** By their ids, oldest first. */
  readonly #kept = new Map<string, Kept>();
  /** The job that was read last. */
  #last: { readonly id: string; readonly job: EndedJob } | undefined;
  #count = 0;
  #written: Promise<unknown> = Promise.resolve();

  /** @param days for which a job is kept; 0 keeps none */
  constructor({ folder, days = DEFAULT_DAYS }: { folder?: string | undefined; days?: number | undefined }) {
    this.#folder = folder;
    this.#days = days;
    this.#most = folder === undefined ? MAX_KEPT.inMemory : MAX_KEPT.inFolder;
  }

  /** The number of jobs that are kept. */
  get count(): number {
    return this.#kept.size;
  }

  /** Newest first. */
  get summaries(): readonly EndedJobSummary[] {
    return [...this.#kept.values()].map(({ summary }) => summary).toReversed();
  }

  /**
   * Finds the jobs of earlier servers.
   * @param now milliseconds since 1970
   * @throws if the folder cannot be made or read
   */
  async load(now: number): Promise<void> {
    const folder = this.#folder;
    if (folder === undefined || this.#days === 0) return;
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const names = (await readdir(folder)).filter((name) => FILE.test(name)).sort(byTime);
    for (const name of names) {
      const id = name.slice(0, -'.json'.length);
      const summary = await readSummary(join(folder, name));
      if (summary !== undefined) this.#kept.set(id, { summary, job: undefined });
    }
    this.#forgetOld(now);
  }

  /** @returns undefined if it is not kept any more */
  find(id: string): EndedJob | undefined {
    const kept = this.#kept.get(id);
    if (kept === undefined || kept.job !== undefined || this.#folder === undefined) return kept?.job;
    if (this.#last?.id === id) return this.#last.job;
    const job = readJob(join(this.#folder, `${id}.json`));
    if (job !== undefined) this.#last = { id, job };
    return job;
  }

  /** Keeps a job. That it cannot be written must not harm the server: then it is in memory. */
  keep(job: EndedJob): void {
    if (this.#days === 0) return;
    const id = `${Math.floor(job.endedAt)}-${++this.#count}`;
    const summary = summaryOf(id, job);
    this.#kept.set(id, { summary, job });
    this.#forgetOld(job.endedAt);
    const folder = this.#folder;
    if (folder === undefined) return;
    this.#then(async () => {
      await writeJob(join(folder, `${id}.json`), summary, job);
      if (this.#kept.has(id)) this.#kept.set(id, { summary, job: undefined });
    });
  }

  /** Changes the folder after all earlier changes. A change that fails is not repeated. */
  #then(change: () => Promise<void>): void {
    this.#written = this.#written.then(change).catch(() => undefined);
  }

  #forgetOld(now: number): void {
    for (const [id, { summary }] of this.#kept) {
      if (this.#kept.size <= this.#most && summary.endedAt >= now - this.#days * DAY_MS) return;
      this.#kept.delete(id);
      const folder = this.#folder;
      if (folder !== undefined) this.#then(() => rm(join(folder, `${id}.json`)));
    }
  }

  /** @returns once everything is written */
  async close(): Promise<void> {
    await this.#written;
  }
}

const timeOf = (name: string): number => Number(FILE.exec(name)?.[1]);

const byTime = (a: string, b: string): number => timeOf(a) - timeOf(b);

function summaryOf(id: string, job: EndedJob): EndedJobSummary {
  const { name, startedAt, endedAt, policy, ranks, deaths, replacements, accepted, answered, failed } = job;
  return { id, name, startedAt, endedAt, policy, ranks, deaths, replacements, accepted, answered, failed };
}

/** The summary is the first line, and the job the second. Under another name first, so that there is never half of a file. */
async function writeJob(path: string, summary: EndedJobSummary, job: EndedJob): Promise<void> {
  await writeFile(`${path}.part`, `${JSON.stringify(summary)}\n${JSON.stringify(job)}`, { mode: 0o600 });
  await rename(`${path}.part`, path);
}

/** Reads the first line only, because a server may have a thousand files of megabytes when it starts. */
async function readSummary(path: string): Promise<EndedJobSummary | undefined> {
  try {
    await using file = await open(path);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(MAX_SUMMARY));
    const [line = ''] = buffer.toString('utf8', 0, bytesRead).split('\n');
    const summary: EndedJobSummary = JSON.parse(line);
    return summary;
  } catch {
    return undefined;
  }
}

/** @returns undefined if the file cannot be read */
function readJob(path: string): EndedJob | undefined {
  try {
    const text = readFileSync(path, 'utf8');
    const job: EndedJob = JSON.parse(text.slice(text.indexOf('\n') + 1));
    return job;
  } catch {
    return undefined;
  }
}
