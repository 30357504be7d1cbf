/** Mutants that nothing can find out, since they do what the chart does. */
interface Equivalents {
  readonly reason: string;
  /** `chart: mutant`. */
  readonly mutants: readonly string[];
}

export const EQUIVALENT: readonly Equivalents[] = [
  {
    reason: 'the assign sets a part of the context to what the event or another part says: twice is as once',
    mutants: [
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
      'join-phase: elastic, maximum.set: tellEveryoneTheNumber comes before setMaximum',
      'join-phase: closed, entry: noteNumber comes before freezeMaximum',
      'join-phase: gathering.open, status.asked [0]: reduceMaximum comes before holdForStatus',
      'join-phase: gathering.open, status.asked [2]: setDelay comes before holdForStatus',
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
    ],
  },
];
