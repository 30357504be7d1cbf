import type { Operation } from '../../src/verify/history/operation.ts';
import type { Random } from '../world/random.ts';
import { declaration } from './random-history.ts';

interface Member {
  readonly who: string;
  request: Operation | undefined;
  /** What it is answered, once it is. */
  answer: string | undefined;
  isMember: boolean;
  waits: boolean;
}

/** What the members of a barrier that is right see, in a random order of requests, effects and replies (V12). */
export function barrierSchedule(random: Random, requests: number): Operation[] {
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
      one.answer = String(count);
      one.waits = false;
    }
  };
  const takeEffect = (member: Member, verb: string): void => {
    if (verb === 'store') {
      member.isMember = true;
      member.answer = '';
    } else if (verb === 'find') {
      member.waits = true;
      if (present().every(({ waits }) => waits)) release(present().length);
    } else {
      member.isMember = false;
      member.answer = '';
      if (present().length > 0 && present().every(({ waits }) => waits)) release(present().length + 1);
    }
  };
  while (left > 0) {
    time += random.fraction();
    const member = members[random.whole(0, members.length - 1)];
    if (member === undefined) continue;
    const { request } = member;
    if (request === undefined) {
      left--;
      const verb = !member.isMember ? 'store' : random.chance(0.8) ? 'find' : 'fetch';
      member.request = { who: member.who, verb, workspace: 'w', variable: 'v', invoked: time };
    } else if (member.answer !== undefined) {
      const { answer: value } = member;
      operations.push({ ...request, replied: time, reply: { status: '0000', value } });
      member.request = undefined;
      member.answer = undefined;
    } else if (!member.waits) takeEffect(member, request.verb);
  }
  for (const { request, answer: value, waits } of members)
    if (request !== undefined && value === undefined) operations.push(request);
    else if (request !== undefined && !waits && value !== undefined)
      operations.push({ ...request, replied: time, reply: { status: '0000', value } });
  return operations;
}
