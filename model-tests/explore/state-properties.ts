import { isRegistered, stateOfSentinel, stateOfWorker, type Worker } from '../../src/sleigh/agents.ts';
import type { Value } from '../../src/workspace/value.ts';
import { sizeOf } from '../../src/wire/payload.ts';
import type { Client } from '../../src/workspace/pending-get.ts';
import { lineOf, type Note } from './reference-ledger.ts';
import { answers, BATCHES } from './facts.ts';
import type { World } from './world.ts';
import { isShuttingDown } from '../../test/support/phase.ts';

import { firstOf, type Property } from './property.ts';

/** What must hold in every state. */
export const OF_STATES: Readonly<Record<string, Property>> = {
  'every accepted task is in exactly one place: queued, assigned to one living worker, answered once in its batch, or dropped by the shutdown of its sleigh':
    (world) =>
      firstOf(world.book.notes.values(), (note) => {
        if (note.broadcast !== undefined) return undefined;
        const places = placesOf(world, note);
        return places === 1 || (places === 0 && isShuttingDown(world.sleigh))
          ? undefined
          : `${note.tag} is in ${places} places`;
      }),

  'a client that has been a sentinel is no new one, also if it has died (S2)': ({ sleigh, parties }) =>
    firstOf(sleigh.crew.sentinels, (sentinel) => {
      const me = parties.find((party) => party === sentinel.client);
      return me === undefined || sleigh.crew.connections.sentinelOf(me) === sentinel
        ? undefined
        : `${me.name} may become another sentinel`;
    }),

  'no task is tried more than maxAttempts times': ({ book, cast }) =>
    firstOf(book.notes.values(), ({ tag, tries }) =>
      firstOf(tries.values(), (count) => {
        const most = cast.policy === 'requeue' ? cast.maxAttempts : 1;
        return count <= most ? undefined : `${tag} was tried ${count} times`;
      }),
    ),

  'queued tasks keep their order, and a requeued task is first': ({ picture, book }) => {
    const queue = [...picture.queue];
    const noteOf = (value: Value): Note | undefined => book.notes.get(value.metadata.get('tag') ?? '');
    const fresh = queue.findIndex(({ value }) => noteOf(value)?.isBack === false);
    const order = [...book.notes.keys()];
    let last = -1;
    for (const [at, { attempts, value }] of queue.entries()) {
      const tag = value.metadata.get('tag') ?? '';
      if (attempts !== (noteOf(value)?.tries.get(0) ?? 0)) return `${tag} has been tried more or less often`;
      if (noteOf(value)?.isBack === true) {
        if (fresh >= 0 && at > fresh) return `${tag} was requeued and does not go first`;
        continue;
      }
      if (order.indexOf(tag) < last) return `${tag} has lost its place`;
      last = order.indexOf(tag);
    }
    return undefined;
  },

  'a batch never holds more results than tasks were accepted for it (plus its broadcast copies)': (world) =>
    firstOf(BATCHES, (batch) => {
      const notes = [...world.book.notes.values()].filter((note) => note.batch === batch);
      const copies = ({ expected }: Note): number => Math.max(expected ?? 0, world.book.ranks.length);
      const most = notes.reduce((sum, note) => sum + (note.broadcast === undefined ? 1 : copies(note)), 0);
      const taken = notes.reduce((sum, note) => sum + note.taken.length, 0);
      const count = taken + world.picture.results(batch).length;
      return count <= most ? undefined : `batch ${batch} has had ${count} results of ${most}`;
    }),

  'the live workers are those that registered and neither died nor left': ({ book, sleigh }) =>
    firstOf(sleigh.crew.workers, (worker) =>
      isRegistered(worker) === book.living.has(worker.rank)
        ? undefined
        : `worker ${worker.rank} is ${stateOfWorker(worker)}`,
    ),

  'a worker is busy exactly when it has a task; waiting exactly when it is blocked in a get of task': (
    world,
  ) =>
    firstOf(world.sleigh.crew.workers, (worker) => {
      const state = stateOfWorker(worker);
      const me = world.parties.find((party) => party === worker.client);
      if (state === 'disconnected' || world.book.lost.has(worker.rank))
        return me === undefined && state === 'disconnected' && world.book.lost.has(worker.rank)
          ? undefined
          : `worker ${worker.rank} is ${state}`;
      const held = worker.task?.value.metadata.get('tag');
      if ((state === 'busy') !== (held !== undefined))
        return `worker ${worker.rank} is ${state} with ${held ?? 'none'}`;
      if (state === 'busy' && me?.holds !== held)
        return `worker ${worker.rank} has ${held ?? 'nothing'} and was told ${me?.holds ?? 'nothing'}`;
      if (isRegistered(worker) && state !== 'busy' && me?.holds !== undefined)
        return `worker ${worker.rank} was given ${me.holds} and is ${state}`;
      const waits = me?.request?.variable === 'task';
      return !isRegistered(worker) || waits === (state === 'waiting')
        ? undefined
        : `worker ${worker.rank} is ${state} and ${waits ? 'is blocked' : 'is not blocked'}`;
    }),

  'a rank has one worker at a time, and one that waits for a replacement has none': ({
    sleigh,
    book,
    parties,
  }) =>
    firstOf(sleigh.crew.workers, (worker) => {
      const { rank } = worker;
      const isAwaited = stateOfWorker(worker) === 'replacing';
      if (isAwaited && (book.living.has(rank) || !book.replaced.has(rank)))
        return `worker ${rank} waits for a replacement that nobody asked for`;
      const speakers = parties.filter((party) => {
        const mine = sleigh.crew.workerOf(party);
        return mine?.rank === rank && isRegistered(mine);
      });
      return speakers.length > 1 ? `${speakers.length} connections are worker ${rank}` : undefined;
    }),

  'a task that all have declined is answered for': ({ sleigh, picture }) =>
    firstOf([...picture.queue], ({ declined }) => {
      if (declined === undefined || isShuttingDown(sleigh)) return undefined;
      const others = sleigh.crew.workers.filter(
        ({ rank, actor }) => actor.getSnapshot().status === 'active' && !declined.ranks.has(rank),
      );
      return others.length > 0 ? undefined : 'a task waits that nobody is to do';
    }),

  'never both: a task that some waiting worker could take, and that worker waiting': ({ sleigh }) =>
    isShuttingDown(sleigh)
      ? undefined
      : firstOf(sleigh.crew.workers, (worker) =>
          stateOfWorker(worker) === 'waiting' && sleigh.work.isAvailableFor(worker)
            ? `worker ${worker.rank} waits and there is a task`
            : undefined,
        ),

  'never both: a result of a batch, and a master waiting for that batch': ({ picture }) =>
    firstOf(BATCHES, (batch) =>
      picture.results(batch).length > 0 && picture.masters(batch).length > 0 ? `batch ${batch}` : undefined,
    ),

  'no client waits for a result or a heartbeat while the sleigh is shutting down, nor for a task after the drain period':
    ({ sleigh, book }) => {
      if (!isShuttingDown(sleigh)) return undefined;
      const isOver = sleigh.shutdown.getSnapshot().value === 'over';
      const lines = ['result a', 'result b', 'sentinel_alive', ...(isOver ? ['task', 'outsiders'] : [])];
      return firstOf(lines, (name) =>
        book.line(name).length > 0 ? `somebody waits for ${name}` : undefined,
      );
    },

  'a closed group without a living worker is shutting down (one that closed empty, or is supervised, waits for the grace period)':
    (world) => {
      const { sleigh, book, picture } = world;
      if (sleigh.joining.phase !== 'closed' || book.living.size > 0 || isShuttingDown(sleigh))
        return undefined;
      const mayWait = sleigh.joining.context.registeredAtClosing === 0 || book.isSupervised;
      const waits = mayWait && picture.timers.has('grace');
      return waits ? undefined : 'nobody is there and the sleigh goes on';
    },

  'under null and requeue, and where sentinels supervise, every broadcast of a closed group gets exactly workerCount results':
    (world) => {
      const { sleigh, cast, book } = world;
      const isPromised =
        cast.policy !== 'shutdown' ||
        (book.isSupervised && sleigh.joining.context.maximum <= book.ranks.length);
      if (!isPromised || isShuttingDown(sleigh) || sleigh.joining.phase !== 'closed') return undefined;
      const expected = [...world.book.notes.values()].flatMap((note) => note.expected ?? []);
      return firstOf(answers(world).entries(), ([number, ranks]) => {
        const maximum = expected[number] ?? 0;
        const due = [...ranks];
        for (const worker of sleigh.crew.workers) {
          if (!isRegistered(worker)) continue;
          if (owes(world, worker, number)) due.push(worker.rank);
        }
        // Those beyond the number expected, which S4 lets in when a maximum was set too low, answer for themselves.
        const wanted = due.filter((rank) => rank < maximum).length;
        if (wanted !== Math.max(maximum, 0))
          return `broadcast ${number} gets ${wanted} results of ${maximum}`;
        return new Set(due).size === due.length
          ? undefined
          : `broadcast ${number} is answered twice by one rank`;
      });
    },

  'under null and requeue every broadcast of an elastic group gets exactly as many results as it has copies':
    (world) => {
      const { sleigh, cast, book } = world;
      if ((cast.policy === 'shutdown' && !book.isSupervised) || isShuttingDown(sleigh) || !book.isElastic)
        return undefined;
      const broadcasts = [...book.notes.values()].filter(({ broadcast }) => broadcast !== undefined);
      return firstOf(answers(world).entries(), ([number, ranks]) => {
        const living = sleigh.crew.workers.filter(isRegistered);
        const due = [...ranks, ...living.filter((one) => owes(world, one, number)).map(({ rank }) => rank)];
        const copies = broadcasts[number]?.expected ?? 0;
        if (due.length !== copies) return `broadcast ${number} gets ${due.length} results of ${copies}`;
        // A replacement is another worker, and gets copies of its own (S19).
        if (new Set(due).size !== due.length && book.replacements === 0)
          return `broadcast ${number} is answered twice by one rank`;
        const owing = [...(broadcasts[number]?.owing ?? [])].sort(byNumber).join();
        const owed = living.flatMap((one) => (owes(world, one, number) ? [one.rank] : []));
        return owed.sort(byNumber).join() === owing
          ? undefined
          : `broadcast ${number} is owed by ${owed.join()}`;
      });
    },

  'waiters of one kind are served in the order in which they came': ({ book, picture }) => {
    const lines: [string, readonly Client[]][] = [
      ['task', picture.line('task')],
      ['outsiders', picture.line('outsiders')],
      ['status', picture.line('status')],
      ['waitForWorkers', picture.line('waitForWorkers')],
      ['sentinel_alive', picture.sentinels],
      ...BATCHES.map((batch): [string, Client[]] => [`result ${batch}`, picture.masters(batch)]),
    ];
    return firstOf(lines, ([name, clients]) => {
      const line = book.line(name);
      return clients.length === line.length && clients.every((client, n) => client === line[n])
        ? undefined
        : `in ${name} stand ${namesOf(clients)} where ${namesOf(line)} wait`;
    });
  },

  'who is blocked waits in one line': ({ parties, book }) =>
    firstOf(parties, (party) => {
      const { request, isBlocked, name } = party;
      if ((request !== undefined) !== isBlocked) return `${name} has a request that has not ended`;
      return request === undefined || book.line(lineOf(party, request, book.isElastic)).includes(party)
        ? undefined
        : `${name} waits nowhere`;
    }),

  'counters shown equal what is really there': ({ sleigh, picture, book }) => {
    const { work, joining, crew, shutdown } = sleigh;
    const running = crew.workers.flatMap(({ task }) => (task === undefined ? [] : [task]));
    const all = work.batches.all;
    if (all.running !== running.length) return `running: ${all.running}, not ${running.length}`;
    if (all.pending !== running.length + picture.queue.length) return `pending: ${all.pending}`;
    for (const batch of BATCHES) {
      const { pending, running: shown } = work.batches.status(batch);
      const there = running.filter((task) => task.batch === batch).length;
      const queued = [...picture.queue].filter((task) => task.batch === batch).length;
      if (shown !== there || pending !== there + queued)
        return `batch ${batch}: ${pending} pending, ${shown} running`;
    }
    const results = BATCHES.flatMap((batch) => picture.results(batch)).length;
    const masters = BATCHES.flatMap((batch) => picture.masters(batch)).length;
    const { values, fetchers, finders } = work.batches.counts;
    if (values !== results || fetchers + finders !== masters)
      return `results: ${values}, masters: ${fetchers}`;
    if (work.taskCounts.values !== picture.queue.length) return `tasks: ${work.taskCounts.values}`;
    if (work.taskCounts.fetchers !== book.line('task').length + book.line('outsiders').length)
      return `who wait for tasks: ${work.taskCounts.fetchers}`;
    if (joining.phase === 'closed' && joining.context.registeredAtClosing !== book.numberAtClosing)
      return `registered at closing: ${joining.context.registeredAtClosing}`;
    if (joining.context.registered !== book.living.size) return `rankCount: ${joining.context.registered}`;
    if (joining.context.ranksGiven !== book.ranks.length) return `ranks given: ${joining.context.ranksGiven}`;
    const { living, groupClosed } = shutdown.getSnapshot().context;
    if (living !== book.living.size) return `the shutdown counts ${living}`;
    return groupClosed === (joining.phase === 'closed')
      ? undefined
      : 'the shutdown has not heard that the group closed';
  },

  'a broadcast is kept while somebody could still need it': ({ sleigh, book, picture }) => {
    const { work, joining, crew } = sleigh;
    if (isShuttingDown(sleigh)) return undefined;
    const kept = new Map(work.tasks.broadcasts.map(({ number, outstanding }) => [number, outstanding]));
    for (let number = 0; number < work.tasks.nextBroadcast; number++) {
      const readers = crew.workers.filter(
        (worker) =>
          isRegistered(worker) &&
          (worker.nextBroadcast <= number ||
            [worker.retry, worker.task].some(
              (copy) => copy?.broadcast?.number === number && copy.isLate !== true,
            )),
      ).length;
      const outstanding = kept.get(number);
      if ((outstanding ?? 0) !== readers)
        return `broadcast ${number}: ${outstanding ?? 0} copies, ${readers} readers`;
      const isForAll = picture.lasting.some((lasting) => lasting.number === number);
      const note = [...book.notes.values()].find(({ broadcast }) => broadcast === number);
      if (outstanding === undefined && joining.phase !== 'closed' && !book.isElastic)
        return `broadcast ${number} is not kept for newcomers`;
      if (isForAll !== (book.isElastic && note?.isForAll === true))
        return `broadcast ${number} is ${isForAll ? '' : 'not '}for all`;
    }
    return (joining.phase === 'closed' || book.isElastic) && work.tasks.broadcasts[0]?.outstanding === 0
      ? 'one is kept for nobody'
      : undefined;
  },

  'what is held is what somebody can still get': ({ sleigh, picture, workspace, cast }) => {
    let bytes = 0;
    for (const { value } of picture.queue) bytes += sizeOf(value.payload);
    for (const { task } of sleigh.crew.workers)
      if (task !== undefined && task.broadcast === undefined) bytes += sizeOf(task.value.payload);
    const log = sleigh.work.tasks.broadcasts;
    for (const broadcast of picture.lasting)
      if (!log.includes(broadcast)) bytes += sizeOf(broadcast.value.payload);
    for (const { value } of log) bytes += sizeOf(value.payload);
    for (const batch of BATCHES) for (const { payload } of picture.results(batch)) bytes += sizeOf(payload);
    // What is in ordinary variables: all of one byte.
    for (const name of ['worker_dead', 'Sleigh ride over', 'worker registrations'])
      bytes += workspace.variable(name).behaviour.counts.values;
    if (cast.ranks > 10) throw new Error('ranks of two digits are not counted here');
    return workspace.accounting.bytes === bytes
      ? undefined
      : `${workspace.accounting.bytes} bytes, not ${bytes}`;
  },

  'every timer that runs has somebody whom it concerns': ({ sleigh, picture, timers, book }) => {
    if (timers.running.size !== picture.timers.size) return 'a timer runs without a name';
    const names = [...picture.timers.keys()];
    const shutdown = sleigh.shutdown.getSnapshot().value;
    const isGrace = typeof shutdown === 'object' && 'up' in shutdown && shutdown.up === 'grace';
    const isDraining = typeof shutdown === 'object' && 'shuttingDown' in shutdown;
    if (names.includes('grace') !== isGrace) return 'grace';
    if (names.includes('drain') !== isDraining) return 'drain';
    if (names.includes('joining') !== (sleigh.joining.phase === 'joining')) return 'joining';
    if (picture.sentinels.length > 0 && !names.includes('waking')) return 'nobody wakes the sentinels';
    const lost = names.filter((name) => name.startsWith('return of')).length;
    if (lost !== book.lost.size) return `${lost} timers of lost workers`;
    const waits = names.filter((name) => name.startsWith('waitForWorkers')).length;
    if (waits !== book.line('waitForWorkers').length) return `${waits} timers of waitForWorkers`;
    return firstOf(sleigh.crew.sentinels, (sentinel) =>
      names.includes(`absence of sentinel ${sentinel.id}`) && stateOfSentinel(sentinel) !== 'active'
        ? `sentinel ${sentinel.id} is ${stateOfSentinel(sentinel)} and its absence is timed`
        : undefined,
    );
  },
};

const byNumber = (a: number, b: number): number => a - b;

/** Whether that worker has still to answer its copy of that broadcast. */
function owes({ picture }: World, worker: Worker, number: number): boolean {
  const { nextBroadcast, nextLasting, lastingBefore, retry, task } = worker;
  return (
    nextBroadcast <= number ||
    picture.lasting.slice(nextLasting, lastingBefore).some((lasting) => lasting.number === number) ||
    retry?.broadcast?.number === number ||
    task?.broadcast?.number === number
  );
}

const namesOf = (clients: readonly Client[]): string =>
  clients.map(({ peer }) => peer).join(', ') || 'nobody';

function placesOf({ picture, sleigh }: World, { tag, batch, taken }: Note): number {
  let places = taken.length;
  for (const { value } of picture.queue) if (value.metadata.get('tag') === tag) places++;
  for (const worker of sleigh.crew.workers)
    if (isRegistered(worker) && worker.task?.value.metadata.get('tag') === tag) places++;
  for (const { metadata } of picture.results(batch)) if (metadata.get('tag') === tag) places++;
  return places;
}
