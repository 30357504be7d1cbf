import { describe, expect, it } from 'vitest';
import type { StoredCluster, StoredPartition } from '../../src/core/whole.ts';
import { listQuery } from '../../src/views/paging.ts';
import type { SleighSummary } from '../../src/views/types.ts';
import {
  mergedWorkspaces,
  ownPartition,
  ownView,
  takeoversView,
  troublesFirst,
  wholeView,
  wholeWorkspaces,
  type Answered,
} from '../../src/views/whole.ts';
import type { OverviewCounts, OwnPartitionView, OwnView } from '../../src/views/whole-types.ts';
import { NO_PROGRESS } from '../../src/views/progress.ts';

// How the whole is put together from what the store says and what the owners answer.

const COUNTS: OverviewCounts = { connections: 1, blocked: 2, workspaces: 3, variables: 4, bytesHeld: 5 };

const job = (name: string, isInTrouble = false): SleighSummary => ({
  name,
  title: name,
  state: 'serving',
  hasFailed: false,
  joinPhase: 'open',
  shutdown: 'running',
  workers: {},
  queued: 0,
  running: 0,
  results: 0,
  progress: NO_PROGRESS,
  notices: isInTrouble ? [{ kind: 'trouble', text: 'stuck', since: 1 }] : [],
});

const part = (partition: number, ...sleighs: SleighSummary[]): OwnPartitionView =>
  ownPartition(partition, { counts: COUNTS, sleighs, oldSleighs: [] });

const owned = (partition: number, owner: string | undefined, leaseMs = 3_000): StoredPartition => ({
  partition,
  epoch: partition + 1,
  owner,
  since: owner === undefined ? undefined : 1_000,
  leaseMs,
});

const stored = (...partitions: StoredPartition[]): StoredCluster => ({
  readAgoMs: 40,
  partitions,
  servers: ['a', 'b'].map((name) => ({
    name,
    address: `${name}:8765`,
    web: name === 'a' ? 'http://a:8766/' : undefined,
    version: '1',
    agoMs: 10,
  })),
  takeovers: [],
  failures: [],
});

const answered = (...partitions: OwnPartitionView[]): Answered<OwnView> => ({
  value: ownView('1', partitions),
  isAnswering: true,
  agoMs: 100,
});

const about = { name: 'a', version: '1', host: '127.0.0.1', port: 8765, now: 9_000 };

const wholeOf = (
  from: StoredCluster,
  answers: Readonly<Record<string, Answered<OwnView>>>,
): ReturnType<typeof wholeView> => wholeView(about, from, new Map(Object.entries(answers)));

describe('the view of the whole', () => {
  it('has the jobs of all owners, those in trouble first, each with its partition', () => {
    const view = wholeOf(stored(owned(0, 'a'), owned(1, 'b'), owned(2, 'a')), {
      a: answered(part(0, job('one')), part(2, job('two', true))),
      b: answered(part(1, job('stuck', true), job('three'))),
    });
    expect(view.sleighs.map(({ title, partition }) => [title, partition])).toEqual([
      ['stuck', 1],
      ['two', 2],
      ['one', 0],
      ['three', 1],
    ]);
    expect(view).toMatchObject({ jobs: 4, connections: 3, blocked: 6, workspaces: 9, bytesHeld: 15 });
    expect(
      view.partitions.map(({ state, owner, epoch, jobs, inTrouble }) => [
        state,
        owner,
        epoch,
        jobs,
        inTrouble,
      ]),
    ).toEqual([
      ['served', 'a', 1, 1, 0],
      ['served', 'b', 2, 2, 1],
      ['served', 'a', 3, 1, 1],
    ]);
    expect(
      view.servers.map(({ name, partitions, answers, web }) => [name, partitions, answers, web]),
    ).toEqual([
      ['a', 2, true, 'http://a:8766/'],
      ['b', 1, true, null],
    ]);
  });

  it('shows the last answer of an owner that does not answer, and says so', () => {
    const last = { ...answered(part(1, job('far'))), isAnswering: false, agoMs: 7_000 };
    const view = wholeOf(stored(owned(0, 'a'), owned(1, 'b')), { a: answered(part(0)), b: last });
    expect(view.partitions[1]).toMatchObject({ state: 'silent', owner: 'b', jobs: 1, counts: COUNTS });
    expect(view.servers[1]).toMatchObject({ answers: false, answeredAgo: 7_000 });
    expect(view.sleighs.map(({ title }) => title)).toEqual(['far']);
  });

  it('has nothing of an owner that has never answered', () => {
    const never = { value: undefined, isAnswering: false, agoMs: undefined };
    const view = wholeOf(stored(owned(0, 'a'), owned(1, 'b')), { a: answered(part(0)), b: never });
    expect(view.partitions[1]).toMatchObject({ state: 'silent', jobs: 0, counts: null });
    expect(view.servers[1]).toMatchObject({ answers: false, answeredAgo: null });
  });

  it.each([
    ['unowned, if nobody ever had it', owned(0, undefined, -5), {}, 'unowned'],
    ['unowned, if the lease is over and its owner is silent', owned(0, 'b', -5), {}, 'unowned'],
    [
      'served, if the lease is over and its owner goes on (D11)',
      owned(0, 'b', -5),
      { b: answered(part(0)) },
      'served',
    ],
    ['loading, if its owner does not serve it yet', owned(0, 'b'), { b: answered(part(1)) }, 'loading'],
    [
      'unknown, if its owner runs another version',
      owned(0, 'b'),
      { b: { ...answered(part(0)), value: { version: '2', partitions: [] } } },
      'unknown',
    ],
  ])('says that a partition is %s', (_, partition, answers, state) => {
    const view = wholeOf(stored(partition), answers);
    expect(view.partitions[0]).toMatchObject({ state });
    expect(view.partitions[0]?.leaseLeft).toBe(partition.leaseMs);
  });

  it('has the servers that cannot use a partition, and when they try again (D23)', () => {
    const failure = { partition: 1, server: 'b', version: '1', reason: 'it is damaged', times: 2, time: 5 };
    const failures = [
      { ...failure, restsMs: 40 },
      { ...failure, restsMs: -40 },
    ];
    const view = wholeOf({ ...stored(owned(0, 'a'), owned(1, 'b', -1e12)), failures }, {});
    expect(view.failures).toEqual([
      { ...failure, rests: 40 },
      { ...failure, rests: 0 },
    ]);
  });

  it('does not know for how long a lease is over that was released', () => {
    const view = wholeOf(stored(owned(0, 'b', -1e12)), {});
    expect(view.partitions[0]).toMatchObject({ state: 'unowned', leaseLeft: null });
  });

  it('has no partition of a server whose leases are over', () => {
    const view = wholeOf(stored(owned(0, 'b', -1), owned(1, 'b')), {});
    expect(view.servers[1]).toMatchObject({ partitions: 1, answers: null });
  });
});

describe('what a server says of itself', () => {
  it('has at most 100 jobs, those in trouble first, and the numbers of all', () => {
    const many = Array.from({ length: 80 }, (_, n) => job(`a${n}`));
    const more = [...Array.from({ length: 80 }, (_, n) => job(`b${n}`)), job('stuck', true)];
    const { partitions } = ownView('1', [part(0, ...many), part(1, ...more)]);
    expect(partitions.flatMap(({ sleighs }) => sleighs)).toHaveLength(100);
    expect(partitions[1]?.sleighs.map(({ title }) => title)).toContain('stuck');
    expect(partitions.map(({ jobs, inTrouble }) => [jobs, inTrouble])).toEqual([
      [80, 0],
      [81, 1],
    ]);
  });

  it('keeps the order of jobs of the same urgency', () => {
    const sorted = troublesFirst([job('a'), job('b', true), job('c'), job('d', true)]);
    expect(sorted.map(({ title }) => title)).toEqual(['b', 'd', 'a', 'c']);
  });
});

const workspace = (title: string, partition: number) => ({
  name: title,
  title,
  owner: '',
  persistent: false,
  variables: title.length,
  isSleigh: false,
  isOldSleigh: false,
  partition,
});

describe('the workspaces of the whole', () => {
  const parts = [
    { version: '1', total: 40, from: 0, items: [workspace('b', 0), workspace('ccc', 0)] },
    { version: '1', total: 2, from: 0, items: [workspace('aa', 1), workspace('d', 1)] },
  ];
  const titles = (query: string): string[] =>
    mergedWorkspaces(parts, listQuery(new URLSearchParams(query))).items.map(({ title }) => title);

  it('are sorted by name unless another column is asked for, and counted', () => {
    expect(titles('')).toEqual(['aa', 'b', 'ccc', 'd']);
    expect(titles('sort=-variables')).toEqual(['ccc', 'aa', 'b', 'd']);
    expect(titles('sort=partition')).toEqual(['b', 'ccc', 'aa', 'd']);
    expect(titles('from=1&count=2')).toEqual(['b', 'ccc']);
    expect(mergedWorkspaces(parts, listQuery(new URLSearchParams('from=1')))).toMatchObject({
      total: 42,
      from: 1,
    });
  });

  it('are those of servers of the same version, and name the others and those that are silent', () => {
    const [one, other] = parts;
    if (one === undefined || other === undefined) throw new Error('there are two');
    const answers = new Map([
      ['a', { value: one, isAnswering: true, agoMs: 0 }],
      ['b', { value: { ...other, version: '2' }, isAnswering: true, agoMs: 0 }],
      ['c', { value: undefined, isAnswering: false, agoMs: undefined }],
    ]);
    expect(wholeWorkspaces('1', answers, listQuery(new URLSearchParams()))).toMatchObject({
      items: one.items,
      total: 40,
      silent: ['b', 'c'],
    });
  });
});

it('has the takeovers of all partitions, newest first, with their reasons', () => {
  const takeovers = [
    { partition: 1, time: 2_000, epoch: 2, owner: 'a', former: 'b', leaseOverMs: 300 },
    { partition: 0, time: 1_000, epoch: 1, owner: 'a', former: undefined, leaseOverMs: undefined },
  ];
  expect(takeoversView({ ...stored(owned(0, 'a'), owned(1, 'a')), takeovers })).toEqual({
    takeovers: [
      { partition: 1, time: 2_000, epoch: 2, from: 'b', to: 'a', reason: 'lease over', leaseOver: 300 },
      { partition: 0, time: 1_000, epoch: 1, from: null, to: 'a', reason: 'first', leaseOver: null },
    ],
    total: 3,
  });
});
