import { encodeRequest } from '../../src/wire/request.ts';
import { BOTH_WAYS } from '../../src/verify/client-codec.ts';
import { encodeDictionary } from '../../src/wire/dictionary.ts';
import type { EdgeWorld } from '../world/edge/edge-world.ts';

const LARGE_BYTES = 200_000;
const HANDSHAKE = `X000R000${encodeDictionary(new Map(Object.entries(BOTH_WAYS)))}`;

/**
 * A client that breaks off: in the middle of a large value, before it has taken its replies, or after it has closed its
 * sending side and takes nothing.
 */
export function breakOff(world: EdgeWorld, name: string): void {
  const { random, agenda } = world;
  const link = world.connect({ received: () => undefined, closed: () => undefined });
  const store = encodeRequest(['store', name, 'v', '1', 'v'.repeat(LARGE_BYTES)], new Map());
  const get = encodeRequest(['find', name, 'v'], new Map());
  link.write(HANDSHAKE + encodeRequest(['open ws', name, 'me', 'no'], new Map()));
  if (random.chance(0.5)) link.write(store.slice(0, random.whole(1, store.length - 1)));
  else {
    link.pauseReading(true);
    link.write(store + get.repeat(random.whole(1, 8)));
    if (random.chance(0.5)) return link.endSending();
  }
  agenda.after(random.fraction() * 5_000, () => {
    const way = random.pick('end', 'reset', 'goSilent');
    link[way]();
  });
}
