import { assertEvent } from 'xstate';
import { bind, type Implementations } from '../machines/bind.ts';
import { workerMachine } from '../machines/worker.ts';
import { reportEnd } from './end-log.ts';
import { NO_CURRENT_TASK, NO_VALUE_YET, registrationFailed, SLEIGH_DEAD } from './refusals.ts';
import type { Sleigh } from './sleigh.ts';

/** What the machine of a worker commands. */
function implementations(sleigh: Sleigh): Implementations<typeof workerMachine> {
  const { crew, registrations, recovery, requests, work } = sleigh;
  return {
    acceptRegistration: ({ context, event }) => {
      assertEvent(event, 'registration.asked');
      const worker = crew.worker(context.rank);
      Object.assign(worker, work.tasks.join(worker.firstBroadcast));
      registrations.accept(worker, requests.store(event.request));
    },
    replaceConnection: ({ context, event }) => {
      assertEvent(event, 'registration.asked');
      registrations.replaceConnection(crew.worker(context.rank), requests.store(event.request).client);
    },
    tellBusy: ({ event }) => {
      assertEvent(event, 'registration.asked');
      registrations.tellWhetherBusy(requests.store(event.request), true);
    },
    tellIdle: ({ event }) => {
      assertEvent(event, 'registration.asked');
      registrations.tellWhetherBusy(requests.store(event.request), false);
    },
    takeBackTask: ({ context }) => work.takeUngiven(crew.worker(context.rank)),
    startReturnTimer: ({ context }) => registrations.startTimer(crew.worker(context.rank)),
    stopReturnTimer: ({ context }) => registrations.stopTimer(context.rank),
    retire: ({ context }) => {
      recovery.failDeclined(crew.worker(context.rank));
      crew.retire(context.rank);
    },
    refuseDuplicate: ({ event }) => {
      assertEvent(event, 'registration.asked');
      requests.store(event.request).refuse(registrationFailed('duplicate worker id'));
    },
    giveTask: ({ context, event }) => {
      const worker = crew.worker(context.rank);
      const get = event.type === 'task.asked' ? requests.get(event.request) : worker.ask;
      if (get !== undefined) work.give(worker, get);
    },
    letWait: ({ context, event }) => {
      assertEvent(event, 'task.asked');
      work.letWait(crew.worker(context.rank), requests.get(event.request));
    },
    tellNoTask: ({ event }) => {
      assertEvent(event, 'task.asked');
      requests.get(event.request).refuse(NO_VALUE_YET);
    },
    tellSleighIsDead: ({ context }) => {
      const worker = crew.worker(context.rank);
      crew.changed(worker);
      worker.ask?.interrupt(SLEIGH_DEAD);
      worker.ask = undefined;
    },
    completeTask: ({ context, event }) => {
      assertEvent(event, 'result.stored');
      work.complete(crew.worker(context.rank), requests.store(event.request).value);
    },
    refuseResult: ({ event }) => {
      assertEvent(event, 'result.stored');
      requests.store(event.request).refuse(NO_CURRENT_TASK);
    },
    failTask: ({ context }) => {
      const worker = crew.worker(context.rank);
      crew.changed(worker);
      const task = work.takeBack(worker);
      if (task === undefined) return;
      recovery.deal(task, worker, { workerStays: true });
      sleigh.ending.chart.send({ type: 'task.failed' });
    },
    askAgain: ({ event }) => {
      assertEvent(event, 'task.asked');
      work.getTask(requests.get(event.request));
    },
    recoverWork: ({ context, event }) => {
      const worker = crew.worker(context.rank);
      reportEnd(sleigh, worker, event.type);
      recovery.recover(worker);
    },
    failTaskForGood: ({ context, event }) => {
      const worker = crew.worker(context.rank);
      reportEnd(sleigh, worker, event.type);
      recovery.failTask(worker);
    },
    declineTask: ({ context, event }) => {
      const worker = crew.worker(context.rank);
      reportEnd(sleigh, worker, event.type);
      recovery.declineTask(worker);
    },
    returnTask: ({ context }) => recovery.returnTask(crew.worker(context.rank)),
    answerCopies: ({ context }) => recovery.answerCopies(crew.worker(context.rank)),
    leaveWork: ({ context }) => recovery.drop(crew.worker(context.rank)),
    reportUnexpected: ({ self, event }) => sleigh.reportUnexpected(self, event),
  };
}

export const boundWorker = (sleigh: Sleigh) => bind(workerMachine, implementations(sleigh));
