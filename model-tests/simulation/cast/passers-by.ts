import { ask, isOk, sleep, type Part } from './player.ts';
import type { Stage } from './stage.ts';

const PLACE = 'market';
/** Milliseconds after which even misbehaving clients disconnect. */
const LONGEST_STAY_MS = 2 * 3_600_000;

/** Values that were fetched from a fifo, by any client: none of them twice (V4, V5). */
export class Taken {
  readonly #values = new Set<string>();
  readonly wrongs: string[] = [];

  take(value: string): void {
    if (this.#values.has(value)) this.wrongs.push(`the value ${value} was fetched twice`);
    this.#values.add(value);
  }
}

export function* producer(stage: Stage, name: string): Part {
  yield* ask(['use ws', PLACE, '', 'no']);
  for (let n = 0; n < 10; n++) {
    yield* ask(['store', PLACE, 'goods', '1', `${name}.${n}`.padEnd(stage.world.random.pick(10, 10, 7_000))]);
    yield* sleep(stage.seconds(0, 120));
  }
}

export function* consumer(stage: Stage, taken: Taken): Part {
  yield* ask(['use ws', PLACE, '', 'no']);
  for (;;) {
    const verb = stage.world.random.pick('fetch', 'fetch', 'find', 'fetchTry');
    const got = yield* ask([verb, PLACE, 'goods']);
    if (isOk(got) && verb !== 'find') taken.take(got.value ?? '');
    if (!isOk(got) && got.reason !== 'no value available') return;
    yield* sleep(stage.seconds(1, 60));
  }
}

/** Meets other clients repeatedly; one that disconnects must not hold them up (V12). */
export function* walker(stage: Stage): Part {
  yield* ask(['use ws', PLACE, '', 'no']);
  yield* ask(['declare var', PLACE, 'fountain', '__barrier']);
  yield* ask(['store', PLACE, 'fountain', '1', '']);
  for (let n = 0; n < 10; n++) {
    const met = yield* ask(['find', PLACE, 'fountain']);
    if (!isOk(met)) return;
    yield* sleep(stage.seconds(0, 60));
  }
  yield* ask(['fetch', PLACE, 'fountain']);
}

/** Bytes that are not the protocol, and silent clients: the server disconnects both (P2, P5.1). */
export function rudePeers(stage: Stage): void {
  const { world } = stage;
  const nobody = { received: () => undefined, closed: () => undefined };
  stage.later(stage.seconds(0, 1_800), () => {
    world.faults.note('garbage');
    const bytes = Array.from({ length: world.random.whole(1, 200) }, () =>
      String.fromCodePoint(world.random.whole(0, 255)),
    );
    const link = world.connect(nobody);
    link.write(bytes.join(''));
    // Bytes that happen to be a valid prefix may wait for the rest without limit.
    stage.later(LONGEST_STAY_MS, () => {
      if (!link.isOver) link.reset();
    });
  });
  stage.later(stage.seconds(0, 1_800), () => {
    world.faults.note('peer that says nothing');
    world.connect(nobody);
  });
}
