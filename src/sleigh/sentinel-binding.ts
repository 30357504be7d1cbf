import { BOUNDS } from '../wire/bounds.ts';
import { assertEvent } from 'xstate';
import { bind, type Implementations } from '../machines/bind.ts';
import { sentinelMachine } from '../machines/sentinel.ts';
import { refuseRank, replyStop } from './rank-replies.ts';
import { NO_VALUE_YET } from './refusals.ts';
import { jobOf, type Job } from './job.ts';

/** What the machine of a sentinel commands. */
const implementations: Implementations<typeof sentinelMachine, Job> = {
  replaceWorker: ({ crew }, { event }) => {
    assertEvent(event, 'replacement.asked');
    crew.vacate(event.rank, event.request);
  },
  refuseReplacement: ({ requests }, { event }) => {
    assertEvent(event, 'replacement.asked');
    refuseRank(requests.get(event.request));
  },
  holdUntilHeartbeat: ({ crew, requests, heartbeats }, { context, event }) => {
    assertEvent(event, 'alive.asked');
    heartbeats.hold(crew.sentinel(context.id), requests.get(event.request));
  },
  replyNoHeartbeat: ({ requests }, { event }) => {
    assertEvent(event, 'alive.asked');
    requests.get(event.request).refuse(NO_VALUE_YET);
  },
  replyContinue: ({ crew, heartbeats }, { context }) => heartbeats.unblock(crew.sentinel(context.id), '0'),
  replyStop: ({ crew, requests, heartbeats }, { context, event }) => {
    if (event.type === 'alive.asked') replyStop(requests.get(event.request));
    else heartbeats.unblock(crew.sentinel(context.id), '1');
  },
  startHeartbeatTimeout: ({ deadlines, options }, { context }) =>
    deadlines.start(
      'absence of sentinel',
      BOUNDS.missedPeriods.value * options.sentinelRefreshPeriod,
      context.id,
    ),
  stopHeartbeatTimeout: ({ deadlines }, { context }) => deadlines.stop('absence of sentinel', context.id),
  end: ({ crew }, { context }) => crew.endSentinel(context.id),
  reportUnexpected: (job, { self, event }) => job.reportUnexpected(self, event),
};

export const boundSentinel = bind(sentinelMachine, jobOf, implementations);
