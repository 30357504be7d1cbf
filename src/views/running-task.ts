/** What a worker does now: from its task, and from what its sentinel tells. */
import type { Worker } from '../sleigh/agents.ts';
import type { Sleigh } from '../sleigh/sleigh.ts';
import type { Task } from '../sleigh/task.ts';
import { itemsOfChunk } from '../wire/chunk.ts';
import { KEY } from '../wire/names.ts';
import { isFile, sizeOf } from '../wire/payload.ts';
import { SENTINEL_REPORT, readSentinelReport, type WorkerReport } from '../wire/sentinel-report.ts';
import { elementOfPlace } from '../wire/task-places.ts';
import type { Value } from '../workspace/value.ts';
import { onceFor } from './json-values.ts';
import { named, titleOf } from './names.ts';
import { slice } from './paging.ts';
import { shownForm } from './own-values.ts';
import type { RunningTaskView } from './running-types.ts';
import { BYTES_DESCRIPTOR, firstBytes, valueView, type Peek } from './values.ts';

/** The number of characters of an element that are shown. */
const ELEMENT_LENGTH = 500;
/** The bytes of a task in which the element is searched. */
const MOST_READ = 1 << 20;
/** The variables of a job among which the reports of its sentinels are searched. They are among the first. */
const MOST_VARIABLES = 1_000;

/** Milliseconds by which the clock of a sentinel may be behind that of the server. */
const CLOCK_DIFFERENCE_MS = 1_000;

const reports = onceFor(readSentinelReport);

/** What the sentinels of a job tell about its workers, by rank (S24.3). */
export function workerReports(sleigh: Sleigh): ReadonlyMap<number, WorkerReport> {
  const byRank = new Map<number, WorkerReport>();
  for (const variable of slice(sleigh.workspace.variables, { from: 0, count: MOST_VARIABLES })) {
    if (!variable.name.startsWith(SENTINEL_REPORT)) continue;
    const [value] = variable.values(0, 1);
    const report = value && reports(value);
    for (const worker of report?.workers ?? []) byRank.set(worker.rank, worker);
  }
  return byRank;
}

/** @param report what the sentinel tells about the worker, if it tells anything */
export function runningTask(
  { task, busySince }: Worker,
  report: WorkerReport | undefined,
  { now, peek }: { readonly now: number; readonly peek: Peek },
): RunningTaskView | undefined {
  if (task === undefined) return undefined;
  const { metadata } = task.value;
  const elementAt = elementOfPlace(metadata);
  const reported = report?.call;
  // The report may be of an earlier task.
  const isOfTask =
    reported !== undefined &&
    reported.since >= busySince - CLOCK_DIFFERENCE_MS &&
    reported.batch === elementAt(reported.place).batch;
  const call = isOfTask ? reported : undefined;
  const isChunk = metadata.get(KEY.chunk) === '1';
  const place = call?.place ?? (isChunk ? undefined : 0);
  const element = place === undefined ? undefined : elementAt(place);
  return {
    module: titleOf(metadata.get(KEY.module) ?? ''),
    function: titleOf(metadata.get(KEY.function) ?? ''),
    batch: element === undefined || element.batch === '' ? undefined : named(element.batch),
    index: metadata.has(KEY.index) ? element?.index : undefined,
    element: place === undefined ? undefined : elementText(task, isChunk, place, peek),
    isLoading: call?.isLoading ?? false,
    since: Math.min(Math.max(call?.since ?? busySince, busySince), now),
    taskSince: busySince,
    attempt: task.attempts,
  };
}

/** An element as text, as far as it can be shown. */
function elementText({ value }: Task, isChunk: boolean, place: number, peek: Peek): string | undefined {
  if (!isChunk || value.descriptor !== BYTES_DESCRIPTOR) return wholeText(value, peek);
  const read = isFile(value.payload) ? MOST_READ : sizeOf(value.payload);
  const bytes = firstBytes(value.payload, Math.min(read, MOST_READ), peek);
  let at = 0;
  for (const item of itemsOfChunk(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length))) {
    if (item === undefined) return undefined;
    if (at++ === place) return onOneLine(shownForm(item.form, item.bytes)).slice(0, ELEMENT_LENGTH);
  }
  return undefined;
}

function wholeText(value: Value, peek: Peek): string {
  const { text, size } = valueView(value, { peek }, { text: ELEMENT_LENGTH, hex: 0 });
  return text === undefined ? `(${size} bytes)` : onOneLine(text);
}

/** Values are shown indented elsewhere. */
const onOneLine = (text: string): string => text.replaceAll(/\s*\n\s*/g, ' ');
