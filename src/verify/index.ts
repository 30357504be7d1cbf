/** What programs import from `sleigh/verify`, to walk a server of this protocol through its statecharts from outside. */
export type { ConversationReport } from './conversations.ts';
export type { ChartReport } from './coverage.ts';
export type { Effort } from './models.ts';
export type { Failure } from './paths.ts';
export { exploreJob } from './explore-job/explore-job.ts';
export type { JobCounterexample, JobExploration, JobToExplore } from './explore-job/job-to-explore.ts';
export type { TestTarget } from './test-target.ts';
export {
  isCovered,
  isRight,
  verifyCharts,
  verifyServer,
  type Verification,
  type VerifyOptions,
} from './verify.ts';
export { replayAll } from './conversations.ts';
