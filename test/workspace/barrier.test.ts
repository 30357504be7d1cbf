import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { OK, refused } from '../support/replies.ts';
import { it } from '../support/on-server.ts';
import { SimulatedServer } from '../support/simulated-server.ts';
import { Visitor } from '../support/visitor.ts';
import { byForm } from '../support/form.ts';

const NO_MEMBER = 'Client has not joined this barrier group.';
const MEMBER_ALREADY = 'Client attempting to join barrier group, but is already a member';

function group(server: SimulatedServer, size: number): Visitor[] {
  const members = Array.from({ length: size }, () => Visitor.of(server, 'w'));
  for (const member of members) {
    member.declare('b', '__barrier');
    member.store('b', '');
  }
  return members;
}

describe('a barrier (V12)', () => {
  it('releases all members with their number when the last one waits', (server) => {
    const [first, second, third] = group(server, 3);
    first?.wait('find', 'b');
    second?.wait('find', 'b');
    expect(third?.get('findTry', 'b').value).toBe('2 out of 3 at barrier');
    expect([third?.get('find', 'b').value, first?.reply().value, second?.reply().value]).toEqual([
      '3',
      '3',
      '3',
    ]);
    first?.wait('find', 'b');
  });

  it('refuses a second join, and waiting or leaving without joining', (server) => {
    const [member] = group(server, 1);
    const stranger = Visitor.of(server, 'w');
    expect(member?.store('b', '')).toMatchObject(refused(MEMBER_ALREADY));
    for (const verb of ['find', 'fetch', 'fetchTry'])
      expect(stranger.get(verb, 'b')).toMatchObject(refused(NO_MEMBER));
  });

  it('releases the others when a member leaves and all remaining ones wait; the number includes the one that left', (server) => {
    const [first, second, third] = group(server, 3);
    first?.wait('find', 'b');
    second?.wait('find', 'b');
    expect(third?.get('fetch', 'b')).toMatchObject({ ...OK, value: '' });
    expect([first?.reply().value, second?.reply().value]).toEqual(['3', '3']);
  });

  it('removes a member whose connection closes', (server) => {
    const [first, second, third] = group(server, 3);
    first?.wait('find', 'b');
    second?.leave();
    expect(first?.isWaiting).toBe(true);
    third?.leave();
    expect(first?.reply().value).toBe('2');
  });

  it('removes a member that disconnects while it waits', (server) => {
    const [first, second] = group(server, 2);
    first?.wait('find', 'b');
    first?.leave();
    expect(second?.get('findTry', 'b').value).toBe('0 out of 1 at barrier');
    expect(second?.get('find', 'b').value).toBe('1');
  });

  it('notifies waiting members when it is deleted, and its members may leave (V7)', (server) => {
    const [first, second] = group(server, 2);
    first?.wait('find', 'b');
    expect(second?.delete('b')).toMatchObject(OK);
    expect(first?.reply()).toMatchObject(refused('Variable purged.'));
    second?.leave();
  });
});

const step = fc.record({
  member: fc.nat({ max: 3 }),
  does: fc.constantFrom('join', 'join', 'wait', 'wait', 'wait', 'leave', 'vanish', 'look'),
});

describe('a barrier under random operations, compared with a plain model (V12)', () => {
  test('never keeps a member that could continue, and gives every member the right number', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const server = new SimulatedServer();
        const visitors = Array.from({ length: 4 }, () => Visitor.of(server, 'w'));
        visitors[0]?.declare('b', '__barrier');
        const members = new Set<Visitor>();
        const waiting = new Set<Visitor>();
        const release = (count: number): void => {
          for (const visitor of waiting) expect(visitor.reply().value).toBe(String(count));
          waiting.clear();
        };
        const leave = (visitor: Visitor): void => {
          const count = members.size;
          waiting.delete(visitor);
          const wasMember = members.delete(visitor);
          if (wasMember && members.size > 0 && waiting.size === members.size) release(count);
        };

        for (const { member, does } of steps) {
          const visitor = visitors[member];
          if (visitor === undefined) continue;
          if (does === 'vanish') {
            visitor.leave();
            leave(visitor);
            visitors[member] = Visitor.of(server, 'w');
          } else if (waiting.has(visitor)) continue;
          else if (does === 'look')
            expect(visitor.get('findTry', 'b').value).toBe(
              `${waiting.size} out of ${members.size} at barrier`,
            );
          else if (does === 'join') {
            expect(visitor.store('b', '').reason).toBe(members.has(visitor) ? MEMBER_ALREADY : '');
            members.add(visitor);
          } else if (!members.has(visitor)) {
            const reply = visitor.get(does === 'wait' ? 'find' : 'fetch', 'b');
            expect(reply).toMatchObject(refused(NO_MEMBER));
          } else if (does === 'leave') {
            expect(visitor.get('fetch', 'b').value).toBe('');
            leave(visitor);
          } else {
            visitor.ask('find', 'b');
            waiting.add(visitor);
            if (waiting.size === members.size) release(members.size);
          }
          expect(visitors.filter((visitor) => visitor.isWaiting)).toEqual(
            visitors.filter((v) => waiting.has(v)),
          );
        }
        server.end();
      }),
      { numRuns: byForm(80, 200, 200) },
    );
  });
});
