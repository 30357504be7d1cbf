import { assertEvent } from 'xstate';
import { bind, type Implementations } from '../machines/bind.ts';
import { workerMachine } from '../machines/worker.ts';
import { REGISTRATION } from '../wire/refusals.ts';
import { refusal } from '../workspace/refusal.ts';
import { UNREPORTED } from './death-report.ts';
import { reportEnd } from './end-log.ts';
import { jobTaskOf } from './job-event.ts';
import { NO_CURRENT_TASK, NO_VALUE_YET, SLEIGH_DEAD } from './refusals.ts';
import { jobOf, type Job } from './job.ts';

/** The implementations of the machine's actions. */
const implementations: Implementations<typeof workerMachine, Job> = {
  acceptRegistration: ({ crew, registrations, requests, work }, { context, event }) => {
    assertEvent(event, 'registration.asked');
    const worker = crew.worker(context.rank);
    Object.assign(worker, work.tasks.join(worker.firstBroadcast));
    registrations.accept(worker, requests.store(event.request));
  },
  replaceConnection: ({ crew, registrations, requests }, { context, event }) => {
    assertEvent(event, 'registration.asked');
    registrations.replaceConnection(crew.worker(context.rank), requests.store(event.request).client);
  },
  replyBusy: ({ registrations, requests }, { event }) => {
    assertEvent(event, 'registration.asked');
    registrations.replyWhetherBusy(requests.store(event.request), true);
  },
  replyIdle: ({ registrations, requests }, { event }) => {
    assertEvent(event, 'registration.asked');
    registrations.replyWhetherBusy(requests.store(event.request), false);
  },
  takeBackTask: ({ intake }, { context }) => intake.actor.send({ type: 'task.returned', rank: context.rank }),
  startReturnTimer: ({ crew, registrations }, { context }) =>
    registrations.startTimer(crew.worker(context.rank)),
  stopReturnTimer: ({ crew, registrations }, { context }) =>
    registrations.stopTimer(crew.worker(context.rank)),
  end: ({ crew, recovery, work, emit }, { context, event }) => {
    const { rank } = context;
    // Nobody has registered, and nobody can any more.
    const isDeadbeat = crew.worker(rank).client === undefined && event.type !== 'left';
    if (isDeadbeat) emit?.({ type: 'deadbeat_worker', rank });
    recovery.failDeclined(crew.worker(rank));
    work.placement.workerEnded(crew.worker(rank));
    crew.end(context.rank);
  },
  refuseDuplicate: ({ requests }, { event }) => {
    assertEvent(event, 'registration.asked');
    requests.store(event.request).refuse(refusal(REGISTRATION.duplicate()));
  },
  giveTask: ({ crew, requests, work }, { context, event }) => {
    const worker = crew.worker(context.rank);
    const get = event.type === 'task.asked' ? requests.get(event.request) : worker.pendingGet;
    if (get !== undefined) work.give(worker, get);
  },
  holdForTask: ({ crew, requests, work }, { context, event }) => {
    assertEvent(event, 'task.asked');
    work.line.holdWorker(crew.worker(context.rank), requests.get(event.request));
  },
  replyNoTask: ({ requests }, { event }) => {
    assertEvent(event, 'task.asked');
    requests.get(event.request).refuse(NO_VALUE_YET);
  },
  replySleighIsDead: ({ crew }, { context }) => {
    const worker = crew.worker(context.rank);
    crew.changed(worker);
    worker.pendingGet?.interrupt(SLEIGH_DEAD);
    worker.pendingGet = undefined;
  },
  completeTask: ({ crew, requests, work }, { context, event }) => {
    assertEvent(event, 'result.stored');
    work.complete(crew.worker(context.rank), requests.store(event.request).value);
  },
  refuseResult: ({ requests }, { event }) => {
    assertEvent(event, 'result.stored');
    requests.store(event.request).refuse(NO_CURRENT_TASK);
  },
  failTask: (job, { context }) => {
    const worker = job.crew.worker(context.rank);
    job.crew.changed(worker);
    const task = job.work.takeBack(worker);
    if (task === undefined) return;
    job.recovery.unfinished.decide(task, worker.rank, true);
    job.shutdown.send({ type: 'task.failed' });
  },
  askAgain: ({ requests, intake }, { event }) => {
    assertEvent(event, 'task.asked');
    intake.getTask(requests.get(event.request));
  },
  noteEnd: ({ crew }, { context, event }) => {
    assertEvent(event, 'death.reported');
    crew.worker(context.rank).end = event.end;
  },
  noteUnreported: ({ crew }, { context }) => void (crew.worker(context.rank).end = UNREPORTED),
  recoverWork: (job, { context, event }) => {
    const worker = job.crew.worker(context.rank);
    reportEnd(job.workspace, worker, event.type);
    job.crew.timeline?.mark(job.now, worker.rank, 'died');
    const { rank, task } = worker;
    job.emit?.({ type: 'dead_worker', rank, task: task && jobTaskOf(task) });
    job.recovery.recover(worker);
  },
  failTaskForGood: (job, { context, event }) => {
    const worker = job.crew.worker(context.rank);
    reportEnd(job.workspace, worker, event.type);
    job.crew.timeline?.mark(job.now, worker.rank, 'died');
    job.recovery.failTask(worker);
  },
  declineTask: (job, { context, event }) => {
    const worker = job.crew.worker(context.rank);
    reportEnd(job.workspace, worker, event.type);
    job.recovery.declineTask(worker);
  },
  returnTask: ({ crew, recovery }, { context }) => recovery.returnTask(crew.worker(context.rank)),
  answerCopies: ({ crew, recovery }, { context }) => recovery.answerCopies(crew.worker(context.rank)),
  leaveWork: ({ crew, now, recovery }, { context }) => {
    crew.timeline?.mark(now, context.rank, 'left');
    recovery.drop(crew.worker(context.rank));
  },
  reportUnexpected: (job, { self, event }) => job.reportUnexpected(self, event),
};

export const boundWorker = bind(workerMachine, jobOf, implementations);
