import { LIVE_VIEWS, REPLAY_VIEWS, WHOLE_VIEWS, type ViewRoute } from '../views/view-routes.ts';

/** The requests that the web server answers: the router reads this table, and docs/reference/routes.md is made from it. */
export interface WebRoute<Handler extends string = string> {
  readonly methods: readonly string[];
  /** `*` stands for one encoded name, `…` for anything. */
  readonly path: string;
  readonly handler: Handler;
  /** Whether `Authorization: Bearer TOKEN` is needed, and `--web-write`. */
  readonly needsToken: boolean;
  readonly returns: string;
}

const READ = ['GET', 'HEAD'] as const;

/** Requests that change something. They come first: any other POST or DELETE below `/api` is refused. */
export const WRITES = [
  {
    methods: ['POST'],
    path: '/api/token',
    handler: 'checkToken',
    needsToken: true,
    returns: '`{}` if the token is right',
  },
  {
    methods: ['DELETE'],
    path: '/api/workspaces/*',
    handler: 'deleteWorkspace',
    needsToken: true,
    returns: '`{}`; the workspace is deleted',
  },
  {
    methods: ['DELETE'],
    path: '/api/workspaces/*/variables/*',
    handler: 'deleteVariable',
    needsToken: true,
    returns: '`{}`; the variable is deleted',
  },
  {
    methods: ['POST'],
    path: '/api/workspaces/*/variables/*/fetch',
    handler: 'fetchValue',
    needsToken: true,
    returns: 'the value that was taken, as JSON',
  },
  {
    methods: ['POST'],
    path: '/api/sleighs/*/end',
    handler: 'endJob',
    needsToken: true,
    returns: '`{}`; the job shuts down (S14)',
  },
  {
    methods: ['POST'],
    path: '/api/sleighs/*/batches/*/cancel',
    handler: 'cancelBatch',
    needsToken: true,
    returns: '`{}`; the master of this project’s client cancels the batch (S24.5)',
  },
  {
    methods: ['POST'],
    path: '/api/sleighs/*/failures/retry',
    handler: 'retryFailures',
    needsToken: true,
    returns:
      'a `RetryView`; the master of this project’s client calls all failed elements of its running batches again (S24.6)',
  },
  {
    methods: ['POST'],
    path: '/api/sleighs/*/failures/*/retry',
    handler: 'retryFailures',
    needsToken: true,
    returns: 'the same for the failed elements of one group of the view `failures`',
  },
  {
    methods: ['POST'],
    path: '/api/sleighs/*/batches/*/failures/*/retry',
    handler: 'retryFailure',
    needsToken: true,
    returns: 'the same for the failed element of a batch with that index',
  },
  {
    methods: ['POST'],
    path: '/api/sleighs/*/workers/*/stop',
    handler: 'stopWorker',
    needsToken: true,
    returns: '`{}`; the sentinel of this project’s client kills the worker and replaces it (S24.5)',
  },
] as const satisfies readonly WebRoute[];

/** Requests that read. The last one answers what no other does. */
export const READS = [
  {
    methods: ['GET'],
    path: '/api/stream',
    handler: 'stream',
    needsToken: false,
    returns:
      'several views on one stream: each `view` of the query is a path below `/api` with its query, and the first line of an event is the number of its view',
  },
  {
    methods: READ,
    path: '/api/…',
    handler: 'view',
    needsToken: false,
    returns:
      'a view as JSON (`src/views/types.ts`); with `Accept: text/event-stream`, again whenever it has changed',
  },
  {
    methods: READ,
    path: '/values/…',
    handler: 'bytes',
    needsToken: false,
    returns:
      'the bytes of a value as they were stored, at most 16 MiB: `/values/WORKSPACE/VARIABLE/INDEX`, with the index of the value in its variable, from 0',
  },
  {
    methods: READ,
    path: '/healthz',
    handler: 'health',
    needsToken: false,
    returns: '200 while the web server answers',
  },
  {
    methods: READ,
    path: '/readyz',
    handler: 'readiness',
    needsToken: false,
    returns: '200 while the server accepts clients, 503 while it starts or stops',
  },
  {
    methods: READ,
    path: '/metrics',
    handler: 'metrics',
    needsToken: false,
    returns: 'metrics for Prometheus, as text',
  },
  {
    methods: READ,
    path: '/doit',
    handler: 'oldPage',
    needsToken: false,
    returns: '302 to the page that an address of the old server means',
  },
  {
    methods: READ,
    path: '/…',
    handler: 'file',
    needsToken: false,
    returns: 'the page, its files, and the diagrams: `/charts/NAME.svg`, `.json`, `.mmd`',
  },
] as const satisfies readonly WebRoute[];

export type WriteHandler = (typeof WRITES)[number]['handler'];
export type ReadHandler = (typeof READS)[number]['handler'];

const viewRoute = ({ path, query, type }: ViewRoute, where = ''): Omit<WebRoute, 'handler'> => ({
  methods: READ,
  path: `/api/${path}${query.length === 0 ? '' : `?${query.join('&')}`}`,
  needsToken: false,
  returns: `\`${type}\`${where}`,
});

/** The views below `/api`, for people; src/views routes requests for them. */
export const VIEWS: readonly Omit<WebRoute, 'handler'>[] = [
  ...[
    ...LIVE_VIEWS,
    ...REPLAY_VIEWS.filter(({ path }) => !LIVE_VIEWS.some((live) => live.path === path)),
  ].map((route) => viewRoute(route)),
  ...WHOLE_VIEWS.map((route) =>
    viewRoute(route, ', of a server with several partitions; the others are below `/p/N/`'),
  ),
];

/** @returns the handler of a GET or HEAD of a path */
export function readHandler(pathname: string): ReadHandler {
  const first = pathname.split('/')[1] ?? '';
  return (
    READS.find(({ path }) => path === pathname || path === `/${first}` || path === `/${first}/…`)?.handler ??
    'file'
  );
}

/**
 * @param segments the path below `/api`, decoded
 * @returns the handler of a POST or DELETE, with the names in its path; undefined if there is none
 */
export function writeHandler(
  method: string,
  segments: readonly string[],
): { readonly handler: WriteHandler; readonly names: readonly string[] } | undefined {
  for (const { methods, path, handler } of WRITES) {
    const pattern = path.split('/').slice(2);
    const isMatch =
      methods.some((each) => each === method) &&
      pattern.length === segments.length &&
      pattern.every((part, i) => part === '*' || part === segments[i]);
    if (isMatch) return { handler, names: segments.filter((_, i) => pattern[i] === '*') };
  }
  return undefined;
}
