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

/** Seconds that a sentinel which supervises has for the report of how its worker ended (S19). */
const REPORT_PERIOD = 10;

/** Sentinels that supervise their workers: they report how these ended, and replace them (S19). */
export class Supervision {
  readonly #sleigh: Sleigh;

  constructor(sleigh: Sleigh) {
    this.#sleigh = sleigh;
  }

  /** S13, S19, P5.5. @returns why what is stored to `worker_dead` is refused */
  refuseReport(value: Value): Refusal | undefined {
    const rank = parseWhole(textOf(value));
    if (rank === undefined) return notANumber(VARIABLE.workerDead, textOf(value));
    const report = readReport(value.metadata);
    if (report === undefined || isRefusal(report)) return report;
    return this.#refuseStranger(VARIABLE.workerDead, rank, report.session);
  }

  /** S13, S19: it was not refused. */
  report(value: Value): void {
    const rank = Number(textOf(value));
    const report = readReport(value.metadata);
    const { end, task } = isReport(report) ? report : { end: undefined, task: 'tried' as const };
    this.#sleigh.supervisor.send({ type: 'death.reported', rank, task, ...(end && { end }) });
  }

  /** S19: a new worker is to come under a rank that the sentinel was given. */
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

  /** The session is a secret, so the reason is the same whether the rank or the session is another one. */
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
