import { assertEvent } from 'xstate';
import { bind, type Implementations } from '../machines/bind.ts';
import { workMachine } from '../machines/work.ts';
import { jobOf, type Job } from './job.ts';
import {
  FIND_NOT_SUPPORTED,
  NO_CURRENT_TASK,
  NO_VALUE_YET,
  SHUTTING_DOWN,
  SLEIGH_DEAD,
  WORKER_DEAD,
} from './refusals.ts';

/** What the machine of the work commands. */
const implementations: Implementations<typeof workMachine, Job> = {
  queueTask: ({ work, requests }, { event }) => {
    assertEvent(event, 'task.stored');
    work.queueTask(requests.store(event.request));
  },
  storeBroadcast: ({ work, requests }, { event }) => {
    assertEvent(event, 'broadcast.stored');
    work.sendBroadcast(requests.store(event.request), event.request);
  },
  storeResult: ({ work, requests }, { event }) => {
    assertEvent(event, 'result.stored');
    work.storeResult(requests.store(event.request), event.request);
  },
  refuseResult: ({ requests }, { event }) => {
    assertEvent(event, 'result.stored');
    requests.store(event.request).refuse(NO_CURRENT_TASK);
  },
  refuseShuttingDown: ({ requests }, { event }) => {
    assertEvent(event, ['task.stored', 'broadcast.stored']);
    requests.store(event.request).refuse(SHUTTING_DOWN);
  },
  refuseFind: ({ requests }, { event }) => {
    assertEvent(event, 'task.asked');
    requests.get(event.request).refuse(FIND_NOT_SUPPORTED);
  },
  askWorker: ({ work, requests }, { event }) => {
    assertEvent(event, 'task.asked');
    work.askWorker(requests.get(event.request), event.request);
  },
  holdOutsider: ({ work, requests }, { event }) => {
    assertEvent(event, 'task.asked');
    work.line.holdOutsider(requests.get(event.request));
  },
  giveResult: ({ work, requests }, { event }) => {
    assertEvent(event, 'result.asked');
    work.giveResult(requests.get(event.request));
  },
  holdForResult: ({ work, requests }, { event }) => {
    assertEvent(event, 'result.asked');
    work.holdForResult(requests.get(event.request));
  },
  replyNoValue: ({ requests }, { event }) => {
    assertEvent(event, ['task.asked', 'result.asked']);
    requests.get(event.request).refuse(NO_VALUE_YET);
  },
  replyWorkerIsDead: ({ requests }, { event }) => {
    assertEvent(event, ['task.asked', 'result.asked']);
    requests.get(event.request).refuse(WORKER_DEAD);
  },
  replySleighIsDead: ({ requests }, { event }) => {
    assertEvent(event, ['task.asked', 'result.asked']);
    requests.get(event.request).refuse(SLEIGH_DEAD);
  },
  returnTask: ({ crew, work }, { event }) => {
    assertEvent(event, 'task.returned');
    work.returnUngiven(crew.worker(event.rank));
  },
  giveUpTask: ({ crew, work }, { event }) => {
    assertEvent(event, 'task.returned');
    work.giveUpUngiven(crew.worker(event.rank));
  },
  reportUnexpected: (job, { self, event }) => job.reportUnexpected(self, event),
};

export const boundWork = bind(workMachine, jobOf, implementations);
