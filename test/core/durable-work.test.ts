import { describe, expect, it } from 'vitest';
import { DurableWork } from '../../src/core/durable-work.ts';
import type { Key } from '../../src/store/change.ts';
import { BusyCore } from '../support/busy-core.ts';

// D3: the changes of an event become durable together, and those of work in turns (P14) when it is done.

const FIRST: Key = ['workspace', 1];
const SECOND: Key = ['workspace', 2];
const put = (key: Key) => ({ type: 'put', key, fields: {} });

/** The work of a server with a store. */
function recorded() {
  const work = new DurableWork(true);
  return {
    work,
    put: (key: Key): void => work.changes.put(key, {}),
    /** Work that began in this event continues in later ones. */
    goesOn: () => {
      const pieces = work.outlasts();
      if (pieces === undefined) throw new Error('nothing was read or changed');
      return pieces;
    },
  };
}

describe('the changes of an event', () => {
  it('are taken once, and there are none if nothing has changed', () => {
    const { work, put: change } = recorded();
    work.begin();
    expect(work.take()).toEqual([]);
    change(FIRST);
    expect(work.take()).toEqual([put(FIRST)]);
    expect(work.take()).toEqual([]);
  });

  it('make its replies wait, and so does what it reads, but not the replies of the next event', () => {
    const { work, put: change } = recorded();
    const touched = (act: () => void): boolean => {
      work.begin();
      act();
      return work.isTouched;
    };
    expect(touched(() => change(FIRST))).toBe(true);
    expect(touched(() => undefined)).toBe(false);
    expect(touched(() => work.changes.read())).toBe(true);
    expect(touched(() => undefined)).toBe(false);
  });

  it('are none if the server has no store, whose replies never wait', () => {
    const work = new DurableWork(false);
    work.begin();
    work.changes.put(FIRST, {});
    expect([work.changes.isRecorded, work.isTouched, work.take(), work.outlasts()]).toEqual([
      false,
      false,
      [],
      undefined,
    ]);
  });
});

describe('work in turns (P14)', () => {
  it('that has changed the state keeps all changes back until it is done', () => {
    const { work, put: change, goesOn } = recorded();
    work.begin();
    change(FIRST);
    const pieces = goesOn();
    expect(work.take()).toBeUndefined();
    work.begin();
    pieces.begin();
    expect(work.isTouched).toBe(true);
    change(SECOND);
    pieces.end();
    expect(work.take()).toBeUndefined();
    work.begin();
    pieces.begin();
    pieces.done();
    expect(work.take()).toEqual([put(FIRST), put(SECOND)]);
  });

  it('keeps them back from its first change on', () => {
    const { work, put: change, goesOn } = recorded();
    work.begin();
    work.changes.read();
    const pieces = goesOn();
    expect(work.take()).toEqual([]);
    work.begin();
    pieces.begin();
    pieces.end();
    expect(work.take()).toEqual([]);
    work.begin();
    pieces.begin();
    change(FIRST);
    pieces.end();
    expect(work.take()).toBeUndefined();
    pieces.done();
    expect(work.take()).toEqual([put(FIRST)]);
  });

  it('does so before the first event, too', () => {
    const { work, put: change, goesOn } = recorded();
    change(FIRST);
    const pieces = goesOn();
    expect(work.take()).toBeUndefined();
    pieces.done();
    expect(work.take()).toEqual([put(FIRST)]);
  });

  it('that only reads does not keep back the changes of an earlier event', () => {
    const { work, put: change, goesOn } = recorded();
    work.begin();
    change(FIRST);
    work.begin();
    work.changes.read();
    const pieces = goesOn();
    expect(work.take()).toEqual([put(FIRST)]);
    pieces.done();
    // And it is no longer counted with the next one.
    work.begin();
    change(SECOND);
    const next = goesOn();
    expect(work.take()).toBeUndefined();
    next.done();
    expect(work.take()).toEqual([put(SECOND)]);
  });

  it('of several clients keeps them back until the last one is done', () => {
    const { work, put: change, goesOn } = recorded();
    const all = [FIRST, SECOND].map((key) => {
      work.begin();
      change(key);
      return goesOn();
    });
    for (const pieces of all) {
      expect(work.take()).toBeUndefined();
      pieces.done();
    }
    expect(work.take()).toEqual([put(FIRST), put(SECOND)]);
  });

  it('that does nothing to the state is not followed', () => {
    const { work } = recorded();
    work.begin();
    expect(work.outlasts()).toBeUndefined();
  });
});

describe('a server whose time is always up', () => {
  it('has no changes to commit while a workspace is half deleted, and its replies wait for them', () => {
    const server = new BusyCore(true, {}, { isStored: true });
    server.connect(1);
    const ask = (...args: string[]): void => {
      server.ask(1, ...args);
      while (server.turn());
    };
    ask('open ws', 'w', 'me', 'yes');
    for (let n = 0; n < 40; n++) ask('declare var', 'w', `variable ${n}`, 'fifo');
    expect(server.core.takeChanges()).toHaveLength(41);
    server.ask(1, 'delete ws', 'w');
    let turns = 0;
    for (; server.due.length > 0; turns++) {
      expect(server.core.takeChanges()).toBeUndefined();
      server.turn();
      expect(server.core.isTouched).toBe(true);
    }
    expect(turns).toBeGreaterThan(1);
    expect(server.core.takeChanges()).toContainEqual({ type: 'delete', key: ['workspace', 1] });
  });
});
