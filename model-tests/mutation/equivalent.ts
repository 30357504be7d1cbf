/** Mutants that cannot be detected, because they are equivalent to their machine. */
interface Equivalents {
  readonly reason: string;
  /** `chart: mutant`. */
  readonly mutants: readonly string[];
}

export const EQUIVALENT: readonly Equivalents[] = [
  {
    reason: 'the assign sets a part of the context to what the event or another part says: twice is as once',
    mutants: [
      'pool/pool: supervising, drain.asked [0]: noteStopped is done twice',
      'pool/pool: supervising, drain.asked [1]: noteStopped is done twice',
      'pool/pool: supervising, exit: awaitNobody is done twice',
      'pool/pool: supervising, rank.refused [0]: noteRefused is done twice',
      'pool/pool: supervising, stop.asked [0]: noteStopped is done twice',
      'pool/pool: supervising, stop.asked [1]: noteStopped is done twice',
      'pool/pool: supervising, worker.ended [0]: noteEnded is done twice',
      'pool/pool: supervising, worker.ended [2]: noteGivenUp is done twice',
      'pool/pool: supervising, worker.ended [3]: noteGivenUp is done twice',
      'pool/pool: supervising, worker.ready: countSuccess is done twice',
      'pool/worker-process: busy, batch.cancelled [0]: noteCancelled is done twice',
      'pool/worker-process: busy, batch.cancelled [1]: noteCancelled is done twice',
      'pool/worker-process: everywhere, child.ended [0]: noteUntried is done twice',
      'pool/worker-process: everywhere, child.ended [1]: noteDeath is done twice',
      'pool/worker-process: everywhere, release.asked: noteReleased is done twice',
      'pool/worker-process: everywhere, worker.leaving: noteLeaving is done twice',
      'pool/worker-process: ready, call.lasts [0]: noteCall is done twice',
      'pool/worker-process: ready, call.lasts [1]: noteCall is done twice',
      'pool/worker-process: ready, call.lasts [2]: noteCall is done twice',
      'pool/worker-process: ready, call.lasts [3]: noteCall is done twice',
      'pool/worker-process: ready, call.lasts [0]: noteCancelled is done twice',
      'pool/worker-process: ready, call.lasts [1]: noteCancelled is done twice',
      'pool/worker-process: ready, call.lasts [2]: noteLoading is done twice',
      'pool/worker-process: starting, worker.registered: noteReady is done twice',
      'pool/worker-process: stopping, child.ended [0]: noteTried is done twice',
      'join-phase: everywhere, maximum.set: setMaximum is done twice',
      'join-phase: elastic, maximum.set: setMaximum is done twice',
      'join-phase: everywhere, duration.set: setDuration is done twice',
      'join-phase: gathering.open, status.asked [2]: setDelay is done twice',
      'join-phase: gathering.open, broadcast.stored: setDelay is done twice',
      'join-phase: closed, entry: noteNumber is done twice',
      'sentinel: everywhere, rank.given: noteRank is done twice',
      'shutdown: everywhere, group.closed: noteClosing is done twice',
      'shutdown: up.running, group.closed [0]: noteClosing is done twice',
      'shutdown: up.running, group.closed [1]: noteClosing is done twice',
      'shutdown: everywhere, supervision.began: noteSupervision is done twice',
      'commit: doubtful, head.read [2]: noteCarriedOut is done twice',
      'commit: securing, commit.done: forgetCarriedOut is done twice',
      'forwarded-client: joining, client.gone: noteGone is done twice',
      'forwarded-client: serving, client.gone [1]: noteGone is done twice',
      'forwarding: absent, end.asked: noteEnding is done twice',
      'forwarding: absent, session.noted: noteNoted is done twice',
      'forwarding: absent.noting, session.noted: noteNoted is done twice',
      'forwarding: absent.opening, session.begun [2]: noteSession is done twice',
      'forwarding: absent.opening, session.begun [3]: noteSession is done twice',
      'pool/retry: trying, attempt.failed [0]: countAttempt is done twice',
    ],
  },
  {
    reason:
      'what is frozen stays as it is, and the lesser of two numbers is the lesser of it and either of them',
    mutants: [
      'join-phase: everywhere, maximum.read: freezeMaximum is done twice',
      'join-phase: everywhere, maximum.listed: freezeMaximum is done twice',
      'join-phase: closed, entry: freezeMaximum is done twice',
      'join-phase: gathering.open, status.asked [0]: reduceMaximum is done twice',
      'join-phase: gathering.joining.byStatus, exit: reduceMaximum is done twice',
    ],
  },
  {
    reason: 'neither of the two looks at what the other changes',
    mutants: [
      'commit: doubtful, head.read [2]: noteCarriedOut comes before setHead',
      'commit: securing, commit.done: acknowledge comes before forgetCarriedOut',
      'join-phase: elastic, maximum.set: replyWorkerCountToAll comes before setMaximum',
      'join-phase: closed, entry: noteNumber comes before freezeMaximum',
      'join-phase: gathering.open, status.asked [0]: reduceMaximum comes before holdForStatus',
      'join-phase: gathering.open, status.asked [2]: setDelay comes before holdForStatus',
      'join-phase: gathering.open, broadcast.stored: setDelay comes before storeBroadcast',
      'pool/pool: supervising, exit: awaitNobody comes before stopReplacementTimers',
      'pool/pool: supervising, rank.given: startWorker (2) comes before countStart',
      'pool/pool: supervising, worker.ended [0]: noteEnded comes before countOut',
      'pool/pool: supervising, worker.ended [2]: noteGivenUp comes before countOut',
      'pool/pool: supervising, worker.ended [3]: noteGivenUp comes before countOut',
      'pool/pool: supervising, worker.ended [4]: startReplacementTimer (2) comes before countReplacement',
      'pool/pool: supervising, worker.ended [5]: askForReplacement (2) comes before countReplacement',
      'pool/pool: supervising, worker.ended [6]: askForReplacement (3) comes before countRestart',
      'pool/pool: supervising, worker.ended [6]: countRestart comes before countReplacement',
      'pool/pool: supervising, worker.ended [7]: startReplacementTimer (2) comes before countReplacement',
      'pool/worker-process: busy, batch.cancelled [1]: noteCancelled comes before stopTimer',
      'pool/worker-process: everywhere, release.asked: releaseProcess comes before noteReleased',
    ],
  },
  {
    reason:
      'whoever is registered was given a rank: when as many are registered as are expected, no more are expected than ' +
      'ranks were given out, and there is nothing to reduce',
    mutants: ['join-phase: gathering.open, status.asked [0]: reduceMaximum is dropped'],
  },
  {
    reason: 'every transition into the state names one of the states within it, so that none begins it',
    mutants: [
      'join-phase: gathering.joining, begins in byBroadcast',
      'shutdown: shuttingDown, begins in byItself',
      'pool/worker-process: busy, begins in heeding',
      'pool/worker-process: busy, begins in loading',
    ],
  },
  {
    reason: 'what stands in for a value that is always there where it is asked for: the types do not say so',
    mutants: [
      'pool/pool: Math.min(FIRST_DELAY_MS * 2 ** times, budget?.maxDelay ?? 0); … 0 becomes 1',
      'pool/pool: const { now = 0 } = endIn(event) ?? {}; … 0 becomes 1',
      "pool/pool: params: ({ event }) => ({ milliseconds: event.type === 'drain.asked' ? event.milliseconds : 0 }), … 0 becomes 1",
      'pool/pool: recent(context, endIn(event)?.now ?? 0).length < (context.budget?.restarts ?? 0), … 0 [1] becomes 1',
      'pool/pool: recent(context, endIn(event)?.now ?? 0).length < (context.budget?.restarts ?? 0), … 0 becomes 1',
      'pool/pool: restarts.filter((time) => now - time < (budget?.within ?? 0)); … 0 becomes 1',
      "pool/retry: params: ({ event }) => ({ milliseconds: event.type === 'attempt.failed' ? event.milliseconds : 0 }), … 0 becomes 1",
    ],
  },
  {
    reason: 'the transition that is tried next leads to the same state; only its sentence is another',
    mutants: [
      'session: connected, connection.closed [1] is removed',
      "session: isLast: ({ event }) => event.type === 'connection.closed' && event.by === 'client' && event.ends, … === becomes !==",
    ],
  },
  {
    reason: 'the only state that is not final is the one that the machine is in',
    mutants: ['policies/recovery: everywhere, * leads to deciding'],
  },
  {
    reason: 'only the name of the action counts, not the value that stands beside it',
    mutants: [
      'policies/backoff: ...unboundWith<{ wait: { milliseconds: number } }>({ wait: true }), … true becomes false',
      'policies/locality: ...unboundWith<{ onHost: { host: string; milliseconds: number } }>({ onHost: true }), … true becomes false',
      'policies/recovery: ...unboundWith<{ wait: { milliseconds: number } }>({ wait: true }), … true becomes false',
      'policies/speculation: ...unboundWith<{ watch: { milliseconds: number } }>({ watch: true }), … true becomes false',
    ],
  },
];
