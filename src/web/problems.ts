import { errorKind, type Catalogue } from '../wire/error-kind.ts';

/** Every error that the web server answers, as `{ "error": TEXT }`: its HTTP status, its text, and what to do about it. */
export const PROBLEM = {
  hostNotAllowed: errorKind(
    '421',
    () => 'Host header not allowed; add it with --web-allow-host',
    'Do what it says, where the name is yours.',
  ),
  noBody: errorKind('413', () => 'no body is expected', 'Send the request without a body.'),
  noPath: errorKind(
    '400',
    () => 'a path is expected',
    'Ask for a path, not for the address of another server.',
  ),
  badPath: errorKind(
    '400',
    () => 'the path is not encoded correctly',
    'Encode names with `%XX` for each byte.',
  ),
  wrongMethod: errorKind(
    '405',
    (method: string) => `${method} is not for this path`,
    'Use a method of the header `Allow`.',
    'PUT',
  ),
  starting: errorKind('503', () => 'the server is starting', 'Ask again in a second.'),
  ownerWithoutPage: errorKind(
    '503',
    (owner: string) => `server ${owner} owns this data, and has no page`,
    'Start that server with a page, or wait until another one owns the data.',
    'b',
  ),
  noPartition: errorKind(
    '404',
    (partition: string, count: number) => `there is no partition ${partition}: the data has ${count}, from 0`,
    'Look for the workspace on the page of the whole, at `/`.',
    '40',
    32,
  ),
  noView: errorKind('404', () => 'there is no such view', 'See the routes in docs/web.md.'),
  noMetrics: errorKind(
    '404',
    () => 'there are no metrics here',
    'Ask the server of a job, not the page of a trace.',
  ),
  noPage: errorKind('404', () => 'there is no such page', 'See the routes in docs/web.md.'),
  notBuilt: errorKind('404', () => 'the page is not built: npm run build', 'Do what it says, in a checkout.'),
  tooManyViewers: errorKind(
    '503',
    (count: number) => `there are ${count} viewers already`,
    'Close pages that nobody looks at.',
    1_000,
  ),
  numberOfViews: errorKind(
    '400',
    (count: number, most: number) => `a stream has 1 to ${most} views, not ${count}`,
    'Name the views as `view` in the query, or open a second stream.',
    0,
    32,
  ),
  viewsTooLarge: errorKind(
    '503',
    () => 'the open views are too large in total',
    'Open fewer views, or only a part of a list.',
  ),
  wentWrong: errorKind('500', () => 'the server failed; the log has the reason', 'Please report it.'),
  oldPages: errorKind(
    '404',
    () => 'unknown page; the old pages are op=listWss and op=listVars&wsName=NAME',
    'Use one of these addresses, or the new page.',
  ),
  readOnly: errorKind(
    '403',
    () => 'changes are disabled; start the server with --web-write',
    'Start the server with `--web-write` if the page may change its data.',
  ),
  noAction: errorKind('404', () => 'unknown action', 'See the routes in docs/web.md.'),
  otherSite: errorKind(
    '403',
    () => 'only this page may request that',
    'Use the page of the server itself, or a program that is not a browser.',
  ),
  noToken: errorKind('401', () => 'a token is needed', 'Give it as `Authorization: Bearer TOKEN`.'),
  wrongToken: errorKind('401', () => 'the token is wrong', 'The server printed the token when it started.'),
  noValue: errorKind('404', () => 'there is no value to fetch', 'Look whether somebody else has fetched it.'),
  noBytes: errorKind(
    '404',
    () => 'there is no such value',
    'Look whether somebody has fetched it, or it has another place now.',
  ),
  tooManyBytes: errorKind(
    '413',
    (size: number, most: number) => `the value has ${size} bytes; from here at most ${most} can be read`,
    'Read it with `sleigh get`, or a program.',
    20_000_000,
    16_777_216,
  ),
  noJob: errorKind('404', () => 'there is no such job', 'Look whether it has ended.'),
  noBatch: errorKind(
    '404',
    (id: string) => `there is no batch ${id} that its master could cancel`,
    'Look whether it has ended; only masters of this project’s client can be asked.',
    '7',
  ),
  noFailure: errorKind(
    '404',
    () => 'there is no such failed element that its master tells about',
    'Look whether it is called again already; only masters of this project’s client can be asked.',
  ),
  tooLate: errorKind(
    '409',
    (count: number) =>
      `it is too late: ${count === 1 ? 'the batch of the failed element has' : `the batches of the ${count} failed elements have`} ended`,
    'Let the program call them again: download the failed elements with their inputs.',
    3,
  ),
  noWorker: errorKind(
    '404',
    (rank: string) => `there is no worker ${rank} that its sentinel could stop`,
    'Look whether it has ended; only sentinels of this project’s client can be asked.',
    '3',
  ),
  valueTooLarge: errorKind(
    '413',
    (size: number, most: number) => `the value has ${size} bytes; from here at most ${most} can be fetched`,
    'Fetch it with `sleigh get --take`, or a program.',
    2_000_000,
    1_048_576,
  ),
} as const satisfies Catalogue;
