import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { byForm } from '../support/form.ts';
import { SimulatedServer } from '../support/simulated-server.ts';

// P12: a request that has begun must keep arriving. Whoever sends a little now and then holds its connection, its memory
// and its file for as long as it likes, so each period counts for itself.

const PERIOD_MS = 1_000;
const ENOUGH = 100;
/** The bytes of the value that never comes to its end. */
const VALUE_BYTES = 1_000_000;

/** Pieces of one request, and the time before each. */
const pieces = fc.array(
  fc.record({
    after: fc.integer({ min: 1, max: 1_300 }),
    bytes: fc.oneof(fc.integer({ min: 1, max: ENOUGH }), fc.constantFrom(ENOUGH - 1, ENOUGH, 3 * ENOUGH)),
  }),
  { minLength: 1, maxLength: 40 },
);

/** The time at which the connection must end: the end of the first period in which less than enough came. */
function endOf(arrivals: readonly { readonly at: number; readonly bytes: number }[]): number {
  for (let end = PERIOD_MS; ; end += PERIOD_MS) {
    const inPeriod = arrivals.filter(({ at }) => at > end - PERIOD_MS && at <= end);
    if (inPeriod.reduce((sum, { bytes }) => sum + bytes, 0) < ENOUGH) return end;
  }
}

const HEAD = ['store', 'w', 'x', '1'].map((arg) => `${String(arg.length).padStart(20, '0')}${arg}`).join('');
const BEGINNING = `00000005${HEAD}${String(VALUE_BYTES).padStart(20, '0')}`;

describe('a client that sends a request slowly', () => {
  test('is closed at the end of the first period in which too little came, whatever came before (P12)', () => {
    fc.assert(
      fc.property(pieces, (sent) => {
        const server = new SimulatedServer({
          limits: { requestSeconds: PERIOD_MS / 1_000, progressBytes: ENOUGH },
        });
        const client = server.connect();
        const began = server.now;
        client.write(BEGINNING);
        // The timer starts at the first byte, and what came with it counts.
        const arrivals = [{ at: 1, bytes: BEGINNING.length }];
        let at = 0;
        for (const { after, bytes } of sent) {
          at += after;
          // At the end of a period either may be first.
          if (at % PERIOD_MS === 0) at++;
          arrivals.push({ at, bytes });
        }
        const end = endOf(arrivals);
        for (const arrival of arrivals.slice(1)) {
          if (arrival.at > end) break;
          server.advance(arrival.at - (server.now - began));
          expect(client.closed).toBe(false);
          client.write('v'.repeat(arrival.bytes));
        }
        server.advance(end - 1 - (server.now - began));
        expect(client.closed).toBe(false);
        server.advance(1);
        expect(client.closed).toBe(true);
        server.end();
      }),
      { numRuns: byForm(30, 150, 1_000) },
    );
  });
});
