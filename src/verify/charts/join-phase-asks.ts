import { VARIABLE, VERB } from '../../wire/names.ts';
import { OUT_OF_BOUNDS, causes } from '../model.ts';
import {
  type At,
  type Act,
  isOpen,
  isClosed,
  isElastic,
  expected,
  waitedFor,
  expiries,
  allAreThere,
} from './join-phase-situation.ts';
import { NO_VALUE } from './replies.ts';

/** S5: `status`, with a delay of its own or without. */
export const askStatus =
  (delay: number | undefined) =>
  (at: At): Act => {
    const { facts, context } = at;
    const asked = { type: 'status.asked', waits: true, delay };
    if (isElastic(at) && delay !== undefined) return OUT_OF_BOUNDS;
    if (isElastic(at)) return askElastic(at, asked, VARIABLE.status, undefined);
    const closes = isOpen(at) && context.registered === expected(context);
    const events = closes ? [asked, ...expiries(waitedFor(at))] : [asked];
    return causes(events, facts, async (stage) => {
      const { job } = stage;
      const metadata = delay === undefined ? {} : { delay: stage.seconds(delay) };
      if (isClosed(at)) {
        const value = String(context.registeredAtClosing);
        await job.mustGet(job.master, [VERB.find, VARIABLE.status], { value }, metadata);
      } else if (closes) {
        const value = String(context.registered);
        await job.mustGet(job.master, [VERB.fetch, VARIABLE.status], { value }, metadata);
      } else await stage.wait(VARIABLE.status, metadata.delay);
    });
  };

/** S17: a client that asks is answered when all have registered; the machine does not know the delay. */
export const askElastic = (
  at: At,
  asked: { type: string },
  variable: string,
  delay: string | undefined,
): Act => {
  const { facts, context } = at;
  const isThere = allAreThere(at);
  return causes([asked], { ...facts, waits: facts.waits || !isThere }, async (stage) => {
    if (!isThere) return stage.wait(variable, delay);
    const value = String(context.registered);
    await stage.job.mustGet(stage.job.master, [VERB.find, variable], { value });
  });
};

export const askInVain =
  (type: string, variable: string) =>
  (at: At): Act =>
    causes([{ type, waits: false, delay: undefined }], at.facts, async ({ job }) => {
      const { registeredAtClosing, registered } = at.context;
      const value = String(isClosed(at) ? registeredAtClosing : registered);
      const isTold = isClosed(at) || (isElastic(at) && allAreThere(at));
      await job.mustGet(job.master, [VERB.findTry, variable], isTold ? { value } : NO_VALUE);
    });
