import type { Operation } from '../history/operation.ts';
import type { HistoryViolation } from '../history/violation.ts';
import { partiesOf, type SequenceDiagram, type SequenceStep } from './sequence.ts';

const SERVER = 'server';

/** A violation as a diagram: each client and the server, requests and replies in the order in which they were seen. */
export function diagramOfHistory({
  workspace,
  variable,
  mode,
  clauses,
  what,
  operations,
}: HistoryViolation): SequenceDiagram {
  const last = operations.reduce<Operation | undefined>(
    (latest, one) => (latest === undefined || ends(one) > ends(latest) ? one : latest),
    undefined,
  );
  const moments = operations.flatMap((one) => momentsOf(one, one === last));
  moments.sort((one, other) => one.at - other.at);
  const steps = moments.map(({ step }) => step);
  return {
    title: `${clauses.join(', ')}: "${variable}" of "${workspace}", a ${mode}: ${what}`,
    parties: partiesOf(steps, SERVER),
    steps: [...steps, { on: SERVER, text: what, isBroken: true }],
  };
}

const ends = ({ replied = Infinity }: Operation): number => replied;

function momentsOf(operation: Operation, isBroken: boolean): { at: number; step: SequenceStep }[] {
  const { who, verb, value, invoked, replied, reply, after } = operation;
  if (who === '') return [{ at: invoked, step: { on: SERVER, text: verb } }];
  const details = [
    value === undefined ? '' : ` "${value}"`,
    after === undefined ? '' : ` after ${after.index}`,
  ];
  const request = { at: invoked, step: { from: who, to: SERVER, text: verb + details.join('') } };
  if (replied === undefined)
    return [request, { at: Infinity, step: { on: who, text: 'is never answered', isBroken } }];
  const text = reply?.value === undefined ? (reply?.reason ?? 'done') : `"${reply.value}"`;
  return [request, { at: replied, step: { from: SERVER, to: who, text, isReply: true, isBroken } }];
}
