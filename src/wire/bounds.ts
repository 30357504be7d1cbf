/** A quantity that no setting changes. */
interface Bound {
  readonly value: number;
  readonly unit: 'bytes' | 'seconds' | 'milliseconds' | 'count';
  /** The clause of docs/protocol.md; none for the web server, whose rules are in docs/web.md. */
  readonly clause?: `${'P' | 'S' | 'W' | 'V' | 'D'}${number}`;
  /** What it bounds, and what happens beyond it. */
  readonly what: string;
}

/**
 * The fixed bounds that a user or a client can meet; docs/reference/limits.md lists them. Sizes that nobody outside can
 * notice, such as that of a piece of work between two turns, stand in the file that uses them.
 */
export const BOUNDS = {
  metadataTextBytes: {
    value: 9_999,
    unit: 'bytes',
    clause: 'P4',
    what: 'A name or a text of metadata that the server sends; the rest is cut off. Also the number of entries.',
  },
  pendingReplyBytes: {
    value: 2 ** 20,
    unit: 'bytes',
    clause: 'P12',
    what: 'Replies to one piece of input. Beyond it, no more is read until the client has taken them.',
  },
  smallListingBytes: {
    value: 2 ** 14,
    unit: 'bytes',
    clause: 'P12',
    what: 'A listing that is made even when the memory is full, so that people can find out why it is.',
  },
  creationMetadataBytes: {
    value: 4_096,
    unit: 'bytes',
    clause: 'W10',
    what: 'The metadata of the creation of a workspace that are kept for the page.',
  },
  secretBytes: {
    value: 255,
    unit: 'bytes',
    clause: 'P15',
    what: 'The secret of a session of a client. The session with a longer one is refused.',
  },
  partitionCount: {
    value: 256,
    unit: 'count',
    clause: 'D18',
    what: 'The partitions of the data of several servers. A session notes no partition with a higher number.',
  },
  sessionBytes: {
    value: 255,
    unit: 'bytes',
    clause: 'S18',
    what: 'The session of a worker. The registration with a longer one is refused.',
  },
  hostBytes: {
    value: 255,
    unit: 'bytes',
    clause: 'S3',
    what: 'The name of a host that a worker gives; the rest is cut off.',
  },
  leftResultBytes: {
    value: 65_536,
    unit: 'bytes',
    clause: 'S34',
    what: 'From this size on, a result stays at the server if its task asks for that.',
  },
  endedAgents: {
    value: 1_000,
    unit: 'count',
    clause: 'S17',
    what: 'Ended workers that an elastic group keeps, and as many ended sentinels.',
  },
  announcedRegistrations: {
    value: 1_000,
    unit: 'count',
    clause: 'S17',
    what: 'Registrations that an elastic group keeps for clients to fetch.',
  },
  emptyBatches: {
    value: 100,
    unit: 'count',
    clause: 'S7',
    what: 'Empty batches whose totals a job keeps for the page.',
  },
  jobFailures: {
    value: 100,
    unit: 'count',
    clause: 'P9',
    what: 'Failures of its machines that a job keeps for the page.',
  },
  endReasonBytes: {
    value: 64,
    unit: 'bytes',
    clause: 'S19',
    what: 'The code word of a report of an end; the rest is cut off.',
  },
  endDescriptionBytes: {
    value: 255,
    unit: 'bytes',
    clause: 'S19',
    what: 'How a worker ended, in words; the rest is cut off.',
  },
  lastWordsBytes: {
    value: 4_096,
    unit: 'bytes',
    clause: 'S19',
    what: 'The last words of a worker; what comes before is cut off.',
  },
  keptLastWordsBytes: {
    value: 500,
    unit: 'bytes',
    clause: 'S19',
    what: 'The last words that are kept with a worker for the page.',
  },
  drainSeconds: { value: 10, unit: 'seconds', clause: 'S14', what: 'The drain period of a job.' },
  reportSeconds: {
    value: 10,
    unit: 'seconds',
    clause: 'S19',
    what: 'What a supervising sentinel has to report how its worker ended.',
  },
  missedPeriods: {
    value: 3,
    unit: 'count',
    clause: 'S13',
    what: 'Refresh periods after which a sentinel that does not use `sentinel_alive` is dead.',
  },
  joinSeconds: {
    value: 60,
    unit: 'seconds',
    clause: 'S5',
    what: 'The duration of the join phase if nobody sets it.',
  },
  reportedBatches: {
    value: 100,
    unit: 'count',
    clause: 'S24',
    what: 'Batches in the report of a master: the newest.',
  },
  reportedFailures: {
    value: 1_000,
    unit: 'count',
    clause: 'S24',
    what: 'Failed elements that a master keeps: the newest.',
  },
  retryableBytes: {
    value: 16 * 1024 * 1024,
    unit: 'bytes',
    clause: 'S24',
    what: 'Failed elements of a batch that its master can be asked to call again: the newest.',
  },
  rateMs: {
    value: 180_000,
    unit: 'milliseconds',
    clause: 'S24',
    what: 'The time over which the rate of a job on the page and `perSecond` of `sleigh run --json` are measured.',
  },
  lingerMs: {
    value: 5_000,
    unit: 'milliseconds',
    clause: 'P1',
    what: 'What a client has to take its last replies and to close.',
  },
  earlyBytes: {
    value: 2 ** 20,
    unit: 'bytes',
    clause: 'P12',
    what: 'What is read from a client that must take its replies first, to see whether it has closed.',
  },
  stopMs: {
    value: 2_000,
    unit: 'milliseconds',
    clause: 'P3',
    what: 'What clients have to close when the server stops.',
  },
  keepAliveMs: {
    value: 60_000,
    unit: 'milliseconds',
    clause: 'P1',
    what: 'Silence after which keep-alive asks whether the host of a client is still there.',
  },
  reservedDescriptors: {
    value: 16,
    unit: 'count',
    clause: 'P12',
    what: 'Descriptors of the process that are reserved for files.',
  },
  leaseMs: {
    value: 7 * 24 * 3_600_000,
    unit: 'milliseconds',
    clause: 'V13',
    what: 'How long a lease lasts at most, unless it is extended.',
  },
  viewers: { value: 1_000, unit: 'count', what: 'Open streams of the page.' },
  webHeaderBytes: { value: 8 << 10, unit: 'bytes', what: 'The headers of a request for the page.' },
  webIdleMs: {
    value: 5_000,
    unit: 'milliseconds',
    what: 'How long a connection of the page is kept between two requests.',
  },
  webStillMs: {
    value: 60_000,
    unit: 'milliseconds',
    what: 'How long a browser may take nothing before its connection is closed.',
  },
  webRequestMs: {
    value: 10_000,
    unit: 'milliseconds',
    what: 'What the head of a request for the page has to arrive.',
  },
  webWaitingBytes: {
    value: 8 << 10,
    unit: 'bytes',
    what: 'Further requests that may wait behind one. Browsers send none.',
  },
  webUnreadBytes: {
    value: 64 << 20,
    unit: 'bytes',
    what: 'What browsers have not taken, all together. Beyond it the connections with the most are closed.',
  },
  streamBytes: {
    value: 64 << 20,
    unit: 'bytes',
    what: 'All open views, each counted once. A stream that needs more is refused, and one that grows beyond it ends.',
  },
  streamViews: { value: 32, unit: 'count', what: 'Views on one stream.' },
  streamStillMs: {
    value: 60_000,
    unit: 'milliseconds',
    what: 'How long a viewer may take nothing before its stream is closed.',
  },
  askedMs: {
    value: 1_000,
    unit: 'milliseconds',
    what: 'What an owner has to answer another server that shows the whole of several partitions. Then its last answer is shown.',
  },
  askedBytes: {
    value: 8 << 20,
    unit: 'bytes',
    what: 'The answer of an owner to another server that shows the whole. A larger one counts as none.',
  },
  fetchedBytes: {
    value: 16 << 20,
    unit: 'bytes',
    what: 'A value that the page fetches. A larger one could not be shown, and would be lost.',
  },
  pageRows: { value: 1_000, unit: 'count', what: 'Rows of one request for a part of a list.' },
  babelfishTakeMs: { value: 2_000, unit: 'milliseconds', what: 'What a babelfish has to take a value.' },
  babelfishAnswerMs: { value: 8_000, unit: 'milliseconds', what: 'What it then has to answer.' },
  babelfishValueBytes: { value: 1 << 20, unit: 'bytes', what: 'A value that is given to a babelfish.' },
  babelfishTextBytes: {
    value: 64 << 10,
    unit: 'bytes',
    what: 'The text of a babelfish; the rest is cut off.',
  },
} satisfies Readonly<Record<string, Bound>>;
