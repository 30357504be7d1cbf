import type { FullBed } from '../bed/full-bed.ts';
import type { Fault } from './fault.ts';

const HOUR_S = 3_600;

/** The clock of a server jumps, so that it is right, an hour ahead or an hour behind. */
export const jump = ({ clocks }: FullBed): Fault => ({
  name: 'jump of a clock',
  inflict: ({ servers, random }) => {
    const [first = '', ...others] = servers.names;
    clocks.set(random.pick(first, ...others), random.pick(-HOUR_S, 0, HOUR_S));
    return Promise.resolve();
  },
});
