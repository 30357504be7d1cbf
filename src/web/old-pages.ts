import { encodePart } from '../views/path-part.ts';
import { Problem } from './answers.ts';
import { PROBLEM } from './problems.ts';

/**
 * Clients of the server of 2010 open `/doit?op=listWss` and `/doit?op=listVars&wsName=NAME` in a browser.
 * @param query the query as in the URL
 * @returns the path of the page that shows it, relative to the root of the page, because a proxy may serve it in a
 *   folder
 * @throws Problem
 */
export function pageOfOldAddress(query: string): string {
  const fields = new Map(
    query.split('&').map((field): [string, string] => {
      const [name = '', value = ''] = field.split(/=(.*)/s);
      return [decodeBytes(name), decodeBytes(value)];
    }),
  );
  const workspace = fields.get('wsName') ?? '';
  switch (fields.get('op') ?? '') {
    case 'listWss':
      return 'workspaces';
    case 'listVars':
      return workspace === '' ? 'workspaces' : `workspaces/${encodePart(workspace)}`;
    default:
      throw new Problem(PROBLEM.oldPages());
  }
}

/** @returns one character for each byte: a name may be any bytes, and `%E9` is one of them */
const decodeBytes = (text: string): string =>
  text
    .replaceAll('+', ' ')
    .replace(/[^\0-\x7f]+/g, (characters) => Buffer.from(characters, 'utf8').toString('latin1'))
    .replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
