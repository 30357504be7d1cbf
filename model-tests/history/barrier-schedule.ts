import { TAKEOVER, type Operation, type RecordedReply } from '../../src/verify/history/operation.ts';
import type { Random } from '../world/random.ts';
import { declaration } from './random-history.ts';

interface Member {
  readonly who: string;
  request: Operation | undefined;
  /** What it is answered, once it is. */
  answer: RecordedReply | undefined;
  isMember: boolean;
  waits: boolean;
}

const carriedOut = (value: string): RecordedReply => ({ status: '0000', value });
const NO_MEMBER: RecordedReply = { status: '0001' };

/**
 * What the members of a barrier that is right see, in a random order of requests, effects and replies (V12).
 * @param takeovers the share of the steps in which another server takes over, which forgets all members (D13)
 */
export function barrierSchedule(random: Random, requests: number, takeovers = 0): Operation[] {
  const operations = [declaration('__barrier')];
  const members: Member[] = Array.from({ length: 4 }, (_, n) => ({
    who: `client ${n}`,
    request: undefined,
    answer: undefined,
    isMember: false,
    waits: false,
  }));
  let time = 1;
  let left = requests;
  const present = (): Member[] => members.filter(({ isMember }) => isMember);
  const release = (count: number): void => {
    for (const one of present()) {
      one.answer = carriedOut(String(count));
      one.waits = false;
    }
  };
  const takeEffect = (member: Member, verb: string): void => {
    if (verb === 'store') {
      member.isMember = true;
      member.answer = carriedOut('');
    } else if (!member.isMember) member.answer = NO_MEMBER;
    else if (verb === 'find') {
      member.waits = true;
      if (present().every(({ waits }) => waits)) release(present().length);
    } else {
      member.isMember = false;
      member.answer = carriedOut('');
      if (present().length > 0 && present().every(({ waits }) => waits)) release(present().length + 1);
    }
  };
  const takeOver = (): void => {
    for (const member of present()) {
      if (member.waits) member.answer = NO_MEMBER;
      member.isMember = member.waits = false;
    }
    operations.push({ who: '', verb: TAKEOVER, invoked: time, replied: time });
  };
  while (left > 0) {
    time += random.fraction();
    if (random.chance(takeovers)) takeOver();
    const member = members[random.whole(0, members.length - 1)];
    if (member === undefined) continue;
    const { request } = member;
    if (request === undefined) {
      left--;
      const verb = !member.isMember ? 'store' : random.chance(0.8) ? 'find' : 'fetch';
      member.request = { who: member.who, verb, workspace: 'w', variable: 'v', invoked: time };
    } else if (member.answer !== undefined) {
      operations.push({ ...request, replied: time, reply: member.answer });
      member.request = undefined;
      member.answer = undefined;
    } else if (!member.waits) takeEffect(member, request.verb);
  }
  for (const { request, answer: reply, waits } of members)
    if (request !== undefined && reply === undefined) operations.push(request);
    else if (request !== undefined && !waits && reply !== undefined)
      operations.push({ ...request, replied: time, reply });
  return operations;
}
