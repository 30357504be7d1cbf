import { setTimeout as sleep } from 'node:timers/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { createActor, fromTransition } from 'xstate';
import { figure } from '../bed.mjs';

/**
 * For each machine its frequent events, with the events before them; machines with `many` actors run as compiled
 * actors.
 */
const STORIES = [
  {
    file: 'connection',
    many: true,
    machine: 'connectionMachine',
    input: { id: 1 },
    before: [{ type: 'greeted.old' }],
    again: [{ type: 'request.blocked' }, { type: 'request.answered' }],
  },
  {
    file: 'worker',
    many: true,
    machine: 'workerMachine',
    input: { rank: 0 },
    before: [{ type: 'registration.asked' }],
    again: [
      { type: 'task.asked', request: 1, waits: true, queued: 0, copies: 0 },
      { type: 'task.offered' },
      { type: 'result.stored' },
    ],
  },
  {
    file: 'sentinel',
    many: true,
    machine: 'sentinelMachine',
    input: { id: 0, rank: 0 },
    before: [],
    again: [{ type: 'alive.asked', request: 1, waits: true }, { type: 'heartbeat.came' }],
  },
  {
    file: 'join-phase',
    machine: 'joinPhaseMachine',
    input: { maximum: -1, limit: 1e9 },
    before: [],
    again: [
      { type: 'rank.asked', request: 1 },
      { type: 'duration.set', seconds: 60 },
    ],
  },
  {
    file: 'shutdown',
    machine: 'shutdownMachine',
    input: { policy: 'requeue' },
    before: [],
    again: [{ type: 'worker.registered' }, { type: 'task.failed' }],
  },
  {
    file: 'sleigh',
    machine: 'sleighMachine',
    input: { maximum: -1, limit: 1e9, policy: 'requeue' },
    before: [],
    again: [
      { type: 'connection.closed' },
      { type: 'death.reported', rank: 1 },
      { type: 'worker.registered' },
    ],
  },
];
export const charts = {
  name: 'charts',
  about: 'the statecharts alone: events a second, their actions left out',
  async run(bed) {
    const load = async (file) => import(pathToFileURL(join(bed.build, `${file}.js`)).href);
    const nobody = createActor(fromTransition((state) => state, undefined)).start();
    const { compiled } = await load('actors/compiled');
    const { actorOf } = await load('actors/actor');
    const { withoutEffects } = await load('machines/bind');
    const actors = [];
    for (const { file, many, machine: name, input, before, again } of STORIES) {
      const machine = compiled(withoutEffects((await load(`machines/${file}`))[name]));
      const actor = (many ? actorOf : createActor)(machine, { id: file, input, parent: nobody });
      actor.start();
      for (const event of before) actor.send(event);
      actors.push({ file, actor, again });
    }
    return bed.rounds(async () => {
      const figures = [];
      for (const { file, actor, again } of actors) {
        figures.push(figure(file, 'events/s', rate(actor, again, bed.size(200, 5))));
        await sleep(0);
      }
      return figures;
    });
  },
};

function rate(actor, events, milliseconds) {
  let count = 0;
  const begun = performance.now();
  let now = begun;
  for (; now - begun < milliseconds; now = performance.now())
    for (let i = 0; i < 50; i++)
      for (const event of events) {
        actor.send(event);
        count++;
      }
  if (actor.getSnapshot().status !== 'active') throw new Error('a chart has ended while it was measured');
  return (count / (now - begun)) * 1000;
}
