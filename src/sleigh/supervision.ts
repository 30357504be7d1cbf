import { matchSession } from '../machines/sessions.ts';
import { KEY, VARIABLE } from '../wire/names.ts';
import { parseWhole } from '../wire/numbers.ts';
import type { PendingGet } from '../workspace/pending-get.ts';
import { isRefusal, notANumber, refusal, type Refusal } from '../workspace/refusal.ts';
import { textOf, type Value } from '../workspace/value.ts';
import type { Worker } from './agents.ts';
import { readReport, type DeathReport } from './death-report.ts';
import { refuseRank } from './rank-replies.ts';
import type { Sleigh } from './sleigh.ts';
import { JOB } from '../wire/refusals.ts';

/** Seconds that a supervising sentinel has to report how its worker ended (S19). */
const REPORT_PERIOD = 10;

/** Handles reports and replacements of sentinels that supervise their workers (S19). */
export class Supervision {
  readonly #sleigh: Sleigh;

  constructor(sleigh: Sleigh) {
    this.#sleigh = sleigh;
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
    this.#sleigh.supervisor.send({ type: 'death.reported', rank, task, ...(end && { end }) });
  }

  /** Handles a request for a replacement under a rank of the sentinel (S19). */
  askForReplacement(ask: PendingGet, replaces: string): void {
    const rank = parseWhole(replaces);
    if (rank === undefined) return ask.refuse(notANumber(KEY.replaces, replaces));
    const refused = this.#refuseStranger(KEY.replaces, rank, ask.metadata.get(KEY.session));
    if (refused !== undefined) return ask.refuse(refused);
    const { crew } = this.#sleigh;
    const { actor } = crew.worker(rank).sentinel;
    if (actor.getSnapshot().status === 'done') refuseRank(ask);
    else actor.send({ type: 'replacement.asked', rank, request: this.#sleigh.requests.add(ask) });
  }

  /** The session is a secret, so the reason is the same for a wrong rank and a wrong session. */
  #refuseStranger(what: string, rank: number, session: string | undefined): Refusal | undefined {
    const supervisor = this.#sleigh.crew.find(rank)?.sentinel;
    if (matchSession(supervisor?.session, session) === 'same') return undefined;
    return refusal(JOB.notSupervised(what, rank));
  }

  /** Seconds that a worker stays lost: its sentinel may report, or it may come back (S18). */
  lostFor({ sentinel }: Worker): number {
    const { reconnectGrace } = this.#sleigh.options;
    return sentinel.session === undefined ? reconnectGrace : Math.max(REPORT_PERIOD, reconnectGrace);
  }
}

const isReport = (report: DeathReport | Refusal | undefined): report is DeathReport =>
  report !== undefined && !isRefusal(report);
