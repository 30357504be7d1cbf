import { assertEvent } from 'xstate';
import { bind, type Implementations } from '../machines/bind.ts';
import { sentinelMachine } from '../machines/sentinel.ts';
import { foundText, type PendingGet } from '../workspace/pending-get.ts';
import { refuseRank } from './rank-replies.ts';
import { NO_VALUE_YET } from './refusals.ts';
import type { Sleigh } from './sleigh.ts';

/** Refresh periods that a sentinel may stay away (S13). */
const MISSED_PERIODS = 3;

/** The name of a sentinel's absence timer. */
const absence = (id: number): string => `absence of sentinel ${id}`;

/** S9, S14. */
export const tellToStop = (ask: PendingGet): void => ask.answer(foundText('1', ask.origin));

/** What the machine of a sentinel commands. */
function implementations(sleigh: Sleigh): Implementations<typeof sentinelMachine> {
  const { timers, options, heartbeats, requests, crew } = sleigh;
  return {
    replaceWorker: ({ event }) => {
      assertEvent(event, 'replacement.asked');
      crew.replace(requests.get(event.request), event.rank);
    },
    refuseReplacement: ({ event }) => {
      assertEvent(event, 'replacement.asked');
      refuseRank(requests.get(event.request));
    },
    holdUntilWaking: ({ context, event }) => {
      assertEvent(event, 'alive.asked');
      heartbeats.hold(crew.sentinel(context.id), requests.get(event.request));
    },
    tellNoWaking: ({ event }) => {
      assertEvent(event, 'alive.asked');
      requests.get(event.request).refuse(NO_VALUE_YET);
    },
    tellToGoOn: ({ context }) => heartbeats.unblock(crew.sentinel(context.id), '0'),
    tellToStop: ({ context, event }) => {
      if (event.type === 'alive.asked') tellToStop(requests.get(event.request));
      else heartbeats.unblock(crew.sentinel(context.id), '1');
    },
    startAbsenceTimer: ({ context, self }) =>
      timers.start(absence(context.id), MISSED_PERIODS * options.sentinelRefreshPeriod, () =>
        self.send({ type: 'absence.elapsed' }),
      ),
    stopAbsenceTimer: ({ context }) => timers.stop(absence(context.id)),
    retire: ({ context }) => crew.retireSentinel(context.id),
    reportUnexpected: ({ self, event }) => sleigh.reportUnexpected(self, event),
  };
}

export const boundSentinel = (sleigh: Sleigh) => bind(sentinelMachine, implementations(sleigh));
