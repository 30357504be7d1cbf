import type { TaskFate } from '../../src/machines/worker-end.ts';
import type { Cast } from './scenario.ts';
import type { Party, Verb } from './party.ts';
import { NO_METADATA } from '../../src/wire/payload.ts';
import { lineOf, SESSION } from './reference-ledger.ts';
import { absence, BATCHES, BROADCAST_BATCH, CRASH, SLEEP, TASK_BATCH } from './facts.ts';
import type { World } from './world.ts';

/** One thing that may happen next. */
export interface Step {
  readonly name: string;
  readonly isPossible: (world: World) => boolean;
  readonly run: (world: World) => void;
  /** Who asks; undefined for what no request does. */
  readonly by?: number;
  /** It does something even when it is refused, by these clauses. */
  readonly actsWhenRefused?: (world: World) => boolean;
}

const meta = (entries: Record<string, string>): ReadonlyMap<string, string> =>
  Object.freeze(new Map(Object.entries(entries)));
const OF_BATCH = { a: meta({ batchId: 'a' }), b: meta({ batchId: 'b' }) };
/** S19: what a sentinel says of itself. */
const supervisorOf = (me: Party): Record<string, string> => ({ session: `of ${me.name}` });
const FATES: readonly TaskFate[] = ['tried', 'untried', 'failed', 'declined'];
const WITH_SESSION = meta({ session: SESSION });
/** The join phase ends only by its timer or when all are there. */
const NO_DELAY = meta({});

function party(world: World, index: number): Party {
  const found = world.parties[index];
  if (found === undefined) throw new Error(`there is no party ${index}`);
  return found;
}

/** S7, S7.1: who has a task and asks for another has failed the one that it has. */
const askForTask =
  (verb: Verb) =>
  (me: Party, { book }: World): void => {
    if (me.holds !== undefined && !book.isShuttingDown) book.failed(me);
    me.get(verb, 'task');
  };
/** S7.1: the task has failed, whatever its worker is told then. */
const hasFailed = ({ book }: World): boolean => book.failures > 0;

/** All that any party of the cast may send, its vanishing, and all timers. */
export function stepsOf(cast: Cast): Step[] {
  const has = (extra: (typeof cast.extras)[number]): boolean => cast.extras.includes(extra);
  const steps: Step[] = [];
  const roles = [
    ...Array<'master'>(cast.masters).fill('master'),
    ...Array<'sentinel'>(cast.sentinels).fill('sentinel'),
    ...Array<'worker'>(cast.workers).fill('worker'),
  ];
  const counts = { master: 0, sentinel: 0, worker: 0 };

  for (const [index, role] of roles.entries()) {
    const name = `${role} ${counts[role]++}`;
    const request = (
      what: string,
      run: (me: Party, world: World) => void,
      when?: (me: Party, world: World) => boolean,
      actsWhenRefused?: Step['actsWhenRefused'],
    ): void => {
      steps.push({
        name: `${name}: ${what}`,
        by: index,
        isPossible: (world) => {
          const me = party(world, index);
          return !world.isDeleted && !me.isBlocked && (when?.(me, world) ?? true);
        },
        run: (world) => run(party(world, index), world),
        ...(actsWhenRefused === undefined ? {} : { actsWhenRefused }),
      });
    };
    const get = (verb: Verb, variable: string, metadata?: ReadonlyMap<string, string>): void =>
      request(
        `${verb} ${variable}${metadata?.has('batchId') === true ? ` ${metadata.get('batchId') ?? ''}` : ''}`,
        (me) => me.get(verb, variable, metadata),
      );
    const plays = (one: typeof role): boolean => role === one || has('mixed');

    if (plays('master')) {
      const submit = (kind: 'task' | 'broadcast', batch: string, most: number, isForAll = false): void =>
        request(
          `store ${kind}${isForAll ? ' for all' : ''}`,
          (me, { book }) =>
            book.stored(kind, { batch, isForAll }, (tag) => {
              const reach = isForAll ? { reach: 'all' } : {};
              return me.store(kind, tag, meta({ tag, batchId: batch, ...reach })) ? me.told : undefined;
            }),
          (_me, { book }) => book[`${kind}s`] < most || (book.isShuttingDown && has('refused')),
        );
      submit('task', TASK_BATCH, cast.tasks);
      submit('broadcast', BROADCAST_BATCH, cast.broadcasts);
      if (has('elastic')) submit('broadcast', BROADCAST_BATCH, cast.broadcasts, true);
      for (const batch of BATCHES) {
        if (batch === TASK_BATCH ? cast.tasks > 0 : cast.broadcasts > 0) {
          get('fetch', 'result', OF_BATCH[batch]);
          if (has('refused')) get('findTry', 'result', OF_BATCH[batch]);
        }
      }
      if (has('freezing')) get('find', 'workerCount');
      if (has('joining')) {
        get('find', 'status', NO_DELAY);
        get('fetch', 'waitForWorkers', NO_DELAY);
        if (has('refused')) get('findTry', 'status');
      }
      if (has('maximum'))
        for (let maximum = 0; maximum <= cast.ranks; maximum++)
          request(`store workerCount ${maximum}`, (me) => void me.store('workerCount', String(maximum)));
      if (has('refused')) request('store workerCount many', (me) => void me.store('workerCount', 'many'));
      if (has('reports'))
        for (let rank = 0; rank <= cast.ranks; rank++)
          request(`store worker_dead ${rank}`, (me, { book }) => {
            book.reported(rank);
            me.store('worker_dead', String(rank));
          });
      if (has('ending'))
        request(
          'store Sleigh ride over',
          (me) => void me.store('Sleigh ride over', '1'),
          (_me, { book }) => !book.isShuttingDown || has('refused'),
        );
    }
    if (plays('sentinel')) {
      request(
        'fetch worker_ids',
        (me) => me.get('fetch', 'worker_ids', has('supervised') ? meta(supervisorOf(me)) : NO_METADATA),
        (_me, { book, sleigh }) =>
          book.ranks.length < cast.ranks || (sleigh.joining.phase === 'closed' && has('refused')),
      );
      if (has('supervised')) {
        for (let rank = 0; rank < cast.ranks; rank++) {
          const isMine = (me: Party, { book }: World): boolean => book.ranks[rank] === me;
          for (const task of FATES)
            request(
              `reports worker ${rank}, ${task}`,
              (me, { book }) => {
                book.reportedBySentinel(rank, task);
                me.store('worker_dead', String(rank), meta({ ...supervisorOf(me), task }));
              },
              (me, world) => isMine(me, world) && (world.book.living.has(rank) || has('refused')),
            );
          request(
            `replaces worker ${rank}`,
            (me, { book }) => {
              book.replacedBySentinel(rank);
              me.get('fetch', 'worker_ids', meta({ ...supervisorOf(me), replaces: String(rank) }));
              book.replaces(rank, { found: valueOf(me) === String(rank) });
            },
            (me, world) => isMine(me, world) && world.book.replacements < cast.replacements,
          );
        }
        if (has('refused')) {
          const another = { session: 'of nobody' };
          request(
            'reports worker 0 with another session',
            (me) => void me.store('worker_dead', '0', meta(another)),
          );
          request('replaces worker 0 with another session', (me) =>
            me.get('fetch', 'worker_ids', meta({ ...another, replaces: '0' })),
          );
        }
      }
      if (has('waking')) {
        get('find', 'sentinel_alive');
        // S13: who has used it must come again, also when it is told to come later.
        request(
          'fetchTry sentinel_alive',
          (me) => me.get('fetchTry', 'sentinel_alive'),
          undefined,
          () => true,
        );
      }
    }
    if (plays('worker')) {
      for (let rank = 0; rank <= (has('refused') ? cast.ranks : cast.ranks - 1); rank++)
        request(
          `store worker_ids ${rank}`,
          (me, { book }) => {
            if (me.store('worker_ids', String(rank), has('returning') ? WITH_SESSION : NO_METADATA))
              book.registered(me, rank);
          },
          (me, { book }) =>
            has('refused') || (me.rank === undefined && rank < book.ranks.length && !book.living.has(rank)),
        );
      const mayAsk = (me: Party): boolean => me.holds === undefined || has('skips');
      request('fetch task', askForTask('fetch'), mayAsk, hasFailed);
      if (has('refused')) {
        request('fetchTry task', askForTask('fetchTry'), mayAsk, hasFailed);
        get('findTry', 'task');
      }
      request(
        'store result',
        (me, { book }) => {
          if (me.store('result', 'done')) book.completed(me);
        },
        (me) => me.holds !== undefined || has('refused'),
      );
    }
    if (has('returning') && plays('worker'))
      for (const repliesAreLost of [false, true])
        steps.push({
          name: `${name}: comes back${repliesAreLost ? ' after lost replies' : ''}`,
          isPossible: (world) => !world.isDeleted && mayComeBack(world, party(world, index)),
          run: (world) => world.comeBack(index, repliesAreLost),
        });
    if (has('sessions') && role !== 'worker')
      steps.push({
        name: `${name}: loses its connection`,
        isPossible: (world) => !world.isDeleted && party(world, index).isBlocked,
        run: (world) => world.interrupt(party(world, index)),
      });
    steps.push({
      name: `${name}: vanish`,
      isPossible: (world) => !world.isDeleted,
      run: (world) => world.vanish(index),
    });
    steps.push({
      name: `timer: absence of ${name}`,
      isPossible: (world) => absence(world, party(world, index)) !== undefined,
      run: (world) => {
        const me = party(world, index);
        const timer = absence(world, me);
        world.book.sentinelGone(me);
        world.timers.fire(timer);
      },
    });
    steps.push({
      name: `timer: waitForWorkers of ${name}`,
      isPossible: (world) => patience(world, party(world, index)) !== undefined,
      run: (world) => world.timers.fire(patience(world, party(world, index))),
    });
  }
  if (has('returning') || has('supervised'))
    for (let rank = 0; rank < cast.ranks; rank++)
      steps.push({
        name: `timer: return of worker ${rank}`,
        isPossible: ({ picture }) => picture.timers.has(`return of worker ${rank}`),
        run: ({ book, picture, timers }) => {
          book.graceElapsed(rank);
          timers.fire(picture.timers.get(`return of worker ${rank}`));
        },
      });
  for (const timer of ['grace', 'joining', 'waking', 'drain'])
    steps.push({
      name: `timer: ${timer}`,
      isPossible: ({ picture }) => picture.timers.has(timer),
      run: ({ picture, timers }) => timers.fire(picture.timers.get(timer)),
    });
  if (has('sleeping')) {
    // What came meanwhile are requests as they always are; what is special is that all that runs out does so together.
    const timers = steps.filter(({ name }) => name.startsWith('timer: '));
    steps.push({
      name: SLEEP,
      isPossible: (world) => timers.filter((timer) => timer.isPossible(world)).length > 1,
      run: (world) => {
        for (const timer of timers.filter((each) => each.isPossible(world)))
          if (timer.isPossible(world)) timer.run(world);
      },
    });
  }
  if (has('crashing'))
    steps.push({
      name: CRASH,
      isPossible: (world) => !world.isDeleted,
      run: (world) => world.crash(),
    });
  if (has('stopping'))
    steps.push({
      name: 'server: stops',
      isPossible: (world) => !world.isDeleted,
      run: ({ sleigh }) => sleigh.serverStops(),
    });
  if (has('deletion'))
    steps.push({
      name: 'workspace: is deleted',
      isPossible: (world) => !world.isDeleted,
      run: (world) => world.delete(),
    });
  return steps;
}

const valueOf = ({ reply }: Party): unknown =>
  reply !== undefined && 'found' in reply ? reply.found.payload : undefined;

/** S18: its connection has closed, or is about to without the server having noticed. */
const mayComeBack = ({ book }: World, me: Party): boolean =>
  me.rank === undefined
    ? me.was !== undefined && !me.isBlocked && book.lost.has(me.was.rank)
    : book.living.get(me.rank) === me;

/** The timer of one who waits for the group to close: they stand in the order of their timers (S6). */
function patience({ picture, book }: World, party: Party): unknown {
  if (party.request === undefined) return undefined;
  if (lineOf(party, party.request, book.isElastic) !== 'waitForWorkers') return undefined;
  const place = picture.line('waitForWorkers').indexOf(party);
  return [...picture.timers].filter(([name]) => name.startsWith('waitForWorkers'))[place]?.[1];
}
