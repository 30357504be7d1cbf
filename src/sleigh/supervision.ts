import { BOUNDS } from '../wire/bounds.ts';
import { matchSession } from '../machines/session-match.ts';
import { KEY, VARIABLE } from '../wire/names.ts';
import { parseWhole } from '../wire/numbers.ts';
import type { PendingGet } from '../workspace/pending-get.ts';
import { isRefusal, notANumber, refusal, type Refusal } from '../workspace/refusal.ts';
import { textOf, type Value } from '../workspace/value.ts';
import { hasEnded, type Worker } from './agents.ts';
import { readReport, type DeathReport } from './death-report.ts';
import type { Crew } from './crew.ts';
import type { JobHost } from './job-host.ts';
import { JOB } from '../wire/refusals.ts';

interface SupervisionJob extends JobHost {
  readonly crew: Crew;
}

/** Sentinels that supervise their workers: they report how these ended, and replace them (S19). */
export class Supervision {
  readonly #job: SupervisionJob;

  constructor(job: SupervisionJob) {
    this.#job = job;
  }

  /**
   * Checks a value for `worker_dead` (S13, S19, P5.5).
   * @returns why it is refused, or undefined
   */
  refuseReport(value: Value): Refusal | undefined {
    const rank = parseWhole(textOf(value));
    if (rank === undefined) return notANumber(VARIABLE.workerDead, textOf(value));
    const report = readReport(value.metadata);
    if (report === undefined || isRefusal(report)) return report;
    return this.#refuseStranger(VARIABLE.workerDead, rank, report.session);
  }

  /** Handles a report that was not refused (S13, S19). */
  report(value: Value): void {
    const rank = Number(textOf(value));
    const report = readReport(value.metadata);
    const { end, task } = isReport(report) ? report : { end: undefined, task: 'tried' as const };
    this.#job.supervisor.send({ type: 'death.reported', rank, task, ...(end && { end }) });
  }

  /** S19: a new worker is to come under a rank that the sentinel was given. */
  askForReplacement(get: PendingGet): void {
    const replaces = get.metadata.get(KEY.replaces) ?? '';
    const rank = parseWhole(replaces);
    if (rank === undefined) return get.refuse(notANumber(KEY.replaces, replaces));
    const refused = this.#refuseStranger(KEY.replaces, rank, get.metadata.get(KEY.session));
    if (refused !== undefined) return get.refuse(refused);
    const { crew, requests, supervisor } = this.#job;
    const { sentinel } = crew.worker(rank);
    const event = { type: 'replacement.asked', rank, request: requests.add(get) } as const;
    if (hasEnded(sentinel)) supervisor.send(event);
    else sentinel.actor.send(event);
  }

  /** The session is a secret, so the reason is the same for a wrong rank and a wrong session. */
  #refuseStranger(what: string, rank: number, session: string | undefined): Refusal | undefined {
    const supervisor = this.#job.crew.find(rank)?.sentinel;
    if (matchSession(supervisor?.session, session) === 'same') return undefined;
    return refusal(JOB.notSupervised(what, rank));
  }

  /** Seconds that a worker stays lost: its sentinel may report, or it may come back (S18). */
  lostFor({ sentinel }: Worker): number {
    const { reconnectGrace } = this.#job.options;
    return sentinel.session === undefined
      ? reconnectGrace
      : Math.max(BOUNDS.reportSeconds.value, reconnectGrace);
  }
}

const isReport = (report: DeathReport | Refusal | undefined): report is DeathReport =>
  report !== undefined && !isRefusal(report);
