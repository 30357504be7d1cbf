import type { Client } from './client.ts';
import { isAwaited, type Crew, type Worker } from './crew.ts';
import type { Endings } from './endings.ts';
import type { Joining } from './joining.ts';
import { DONE, isWhole, notANumber, refusal, text, type Reply } from './replies.ts';
import { DIED, readReport } from './reported.ts';
import type { Tasks } from './tasks.ts';
import type { Get, SendReply, Value } from './variable.ts';
import type { Workspace } from './workspace.ts';

const HAS_COME_BACK = refusal('the worker has come back on another connection');

interface Parts {
  readonly workspace: Workspace;
  readonly crew: Crew;
  readonly tasks: Tasks;
  readonly joining: Joining;
  readonly endings: Endings;
  /** Seconds (S18). */
  readonly reconnectGrace: number;
  readonly send: SendReply;
  /** The group closes. */
  readonly close: () => void;
}

/** Ranks, and the workers that register under them, come back or are replaced (S2–S4, S18, S19). */
export class Ranks {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** S2, S19. */
  giveRank({ client, takes, metadata }: Get): Reply {
    const { crew } = this.#parts;
    const ranks = crew.workers.length;
    if (!takes) return { ...text(String(ranks)), metadata: { allocated: '0' } };
    const { session, replaces } = metadata;
    const allocated = { allocated: '1' };
    if (replaces === undefined)
      return { ...text(String(crew.giveRank(client, session))), metadata: allocated };
    if (!isWhole(replaces)) return notANumber('replaces', replaces);
    const refused = crew.whyNotSupervisor('replaces', Number(replaces), session);
    const worker = crew.workers[Number(replaces)];
    if (refused !== undefined || worker === undefined) return refused ?? DONE;
    return { ...text(String(this.#replace(worker) ? worker.rank : -1)), metadata: allocated };
  }

  #replace(worker: Worker): boolean {
    const { crew, endings } = this.#parts;
    const { state } = worker.sentinel;
    if (endings.isOver || state === 'dead' || state === 'left') return false;
    const died = readReport({}) ?? DIED;
    if (worker.state === 'registered') endings.end([{ worker, report: died, mayLeave: false }]);
    if (endings.isOver) return false;
    if (!isAwaited(worker) || crew.join === 'closed') crew.replace(worker);
    // An expected replacement remains expected after the close of the group.
    else worker.state = 'awaited';
    return true;
  }

  /** S3, S4, S18. */
  register(value: Value, client: Client): Reply {
    const { crew, close, joining, reconnectGrace, tasks, workspace } = this.#parts;
    const { session, ...metadata } = value.metadata;
    const { doing } = metadata;
    const worker = crew.workers[Number(value.text)];
    const mayReturn = reconnectGrace > 0 && session !== undefined;
    const entries = { nwsBusy: '0', nwsGrace: String(reconnectGrace) };
    if (mayReturn && worker?.state === 'registered' && worker.session === session) {
      const own = crew.workerOf(client);
      if (own !== undefined && own !== worker)
        return refusal(`Worker registration failed: this connection is worker ${own.rank} already.`);
      if (doing !== undefined && !isWhole(doing)) return notANumber('doing', doing);
      return {
        ...DONE,
        metadata: { ...entries, nwsBusy: this.#comeBack(worker, client, doing) ? '1' : '0' },
      };
    }
    const refused = crew.whyNotRegister(client, value.text, session);
    if (refused !== undefined || worker === undefined) return refused ?? DONE;
    crew.connect(worker, client);
    worker.state = 'registered';
    worker.host = metadata['host'] ?? client.peer.slice(0, client.peer.lastIndexOf(':'));
    worker.session = mayReturn ? session : undefined;
    workspace.variable('worker registrations').put({ metadata, text: String(worker.rank), descriptor: 1 });
    tasks.catchUp(worker);
    if (!crew.isElastic && crew.join !== 'closed' && crew.isComplete) close();
    joining.look();
    return mayReturn ? { ...DONE, metadata: entries } : DONE;
  }

  /** S18. @returns whether its task is still its own */
  #comeBack(worker: Worker, client: Client, doing: string | undefined): boolean {
    const { crew, endings, send, tasks } = this.#parts;
    const { client: older, task } = worker;
    if (older !== undefined && older !== client && endings.isWaiting(older)) {
      tasks.withdraw(older);
      send(older, HAS_COME_BACK);
    }
    crew.connect(worker, client);
    if (task === undefined) return false;
    if (doing !== undefined && Number(doing) === worker.number) return true;
    worker.task = undefined;
    if (!endings.isOver && tasks.isOpen(task, true)) tasks.putBackUntried(worker, task);
    tasks.dispatch();
    return false;
  }
}
