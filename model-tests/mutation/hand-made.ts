/** A plausible fault in the source. */
export interface HandMade {
  readonly what: string;
  readonly file: string;
  /** Must occur exactly once in the file. */
  readonly search: string;
  readonly replace: string;
}

/** Faults of the routing of a job, and of its queues. */
export const HAND_MADE: readonly HandMade[] = [
  {
    what: 'a task of a dead worker goes to the end of the queue',
    file: 'src/sleigh/tasks.ts',
    search: 'this.#queue.unshift(task);',
    replace: 'this.#queue.push(task);',
  },
  {
    what: 'tasks are handed out before broadcasts',
    file: 'src/sleigh/tasks.ts',
    search: 'this.#nextCopy(reader) ?? this.#queue.takeFor(reader, now);',
    replace: 'this.#queue.takeFor(reader, now) ?? this.#nextCopy(reader);',
  },
  {
    what: 'a worker that registers late gets no earlier broadcasts',
    file: 'src/sleigh/tasks.ts',
    search: 'this.#keeping ? Math.max(this.#oldest, first) : this.nextBroadcast',
    replace: 'this.nextBroadcast',
  },
  {
    what: 'a result goes to the batch that its worker names instead of the batch of its task',
    file: 'src/sleigh/work.ts',
    search: 'this.addResult(task, result);',
    replace: 'this.addResult({ ...task, batch: batchOf(value.metadata) }, result);',
  },
  {
    what: 'a broadcast wakes one waiting worker, however many wait',
    file: 'src/sleigh/task-line.ts',
    search: 'eachInSteps(this.#waiting.taken(hasCopy),',
    replace: 'eachInSteps([...this.#waiting.taken(hasCopy)].slice(0, 1),',
  },
  {
    what: 'the newest result of a batch is taken first',
    file: 'src/sleigh/result-queue.ts',
    search: 'this.#entries.push(entry);',
    replace: 'this.#entries.unshift(entry);',
  },
  {
    what: 'a sentinel dies with ranks that never registered, too',
    file: 'src/sleigh/crew.ts',
    search: 'Array.from(sentinel.workers).filter(isRegistered);',
    replace: 'Array.from(sentinel.workers);',
  },
  {
    what: 'a task that never reached its worker counts as tried',
    file: 'src/sleigh/work.ts',
    search: 'task.attempts--;\n    this.queueAgain(task);',
    replace: 'this.queueAgain(task);',
  },
  {
    what: 'a worker that comes back keeps its task, whatever task it names',
    file: 'src/sleigh/registrations.ts',
    search: 'has: worker.task && worker.taskNumber,',
    replace: 'has: worker.task && number,',
  },
  {
    what: 'the old connection of a worker that came back is still accepted',
    file: 'src/sleigh/agent-connections.ts',
    search: '    this.#workerOf.delete(client);\n    return !this.#sentinelOf',
    replace: '    return !this.#sentinelOf',
  },
  {
    what: 'a worker that joins later gets no broadcast with reach=all',
    file: 'src/sleigh/tasks.ts',
    search: 'lastingBefore: this.#lasting.length',
    replace: 'lastingBefore: 0',
  },
  {
    what: 'a worker with an unanswered copy may leave an elastic group',
    file: 'src/sleigh/crew.ts',
    search: 'const copies = this.#job.work.tasks.copiesFor(worker);',
    replace: 'const copies = 0;',
  },
  {
    what: 'a sentinel that leaves during the shutdown removes its registered workers',
    file: 'src/machines/sleigh.ts',
    search: "params: { sleigh: 'shutsDown' }",
    replace: "params: { sleigh: 'serves' }",
  },
  {
    what: 'waitForWorkers returns after its delay the number at the close of the group',
    file: 'src/sleigh/joining.ts',
    search: 'replyWorkerCount(get, this.context.registered);',
    replace: 'replyWorkerCount(get, this.context.registeredAtClosing);',
  },
  {
    what: 'the client that came last is served first',
    file: 'src/workspace/waiting-line.ts',
    search: 'this.#asks.pushNode(node);',
    replace: 'this.#asks.unshiftNode(node);',
  },
  {
    what: 'a disconnected client stays in the queue and consumes a value',
    file: 'src/workspace/pending-get.ts',
    search: 'if (!this.#ended) this.#leave?.();',
    replace: '',
  },
  {
    what: 'a value that is delivered directly to a fetcher uses no number',
    file: 'src/workspace/fifo.ts',
    search: 'this.#first = number + 1;',
    replace: '',
  },
  {
    what: 'a fetcher is served before the finders who then wait on (V5)',
    file: 'src/workspace/waiters.ts',
    search: `    if (this.finders.length > 0) this.#inSteps(this.#answer(this.finders.takeAll(), found));
    const fetcher = this.fetchers.shift();
    if (fetcher === undefined) return undefined;
    return give(fetcher, found, value, place) ? 'leased' : 'taken';
`,
    replace: `    const fetcher = this.fetchers.shift();
    const isLeased = fetcher && give(fetcher, found, value, place);
    if (this.finders.length > 0) this.#inSteps(this.#answer(this.finders.takeAll(), found));
    if (fetcher === undefined) return undefined;
    return isLeased ? 'leased' : 'taken';
`,
  },
  {
    what: 'the finder that came last is served first (V5)',
    file: 'src/workspace/waiters.ts',
    search: 'this.#answer(this.finders.takeAll(), found)',
    replace: 'this.#answer([...this.finders.takeAll()].reverse(), found)',
  },
  {
    what: 'what follows from the end of a client comes before its blocked request is withdrawn (S13)',
    file: 'src/core/connection.ts',
    search: '    core.contained(() => this.#handler.withdraw());\n',
    replace:
      '    if (this.#session === undefined) depart(core, this, by);\n    core.contained(() => this.#handler.withdraw());\n',
  },
  {
    what: 'once enough of a request came in one period, every later period counts as enough (P12)',
    file: 'src/core/request-timer.ts',
    search: '      this.#progress = 0;\n',
    replace: '',
  },
  {
    what: 'a copy for a worker that came late, and that never reached it, goes to everybody (S17, S18)',
    file: 'src/sleigh/work.ts',
    search: 'if (task.broadcast === undefined) return this.returnUntried(task);',
    replace: 'if (task.broadcast === undefined || task.isLate === true) return this.returnUntried(task);',
  },
];
