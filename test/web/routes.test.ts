import { describe, expect, it } from 'vitest';
import { READS, readHandler, WRITES, writeHandler } from '../../src/web/routes.ts';

const segmentsOf = (path: string): string[] => path.split('/').slice(2);

describe('the table of routes', () => {
  it.each(READS)('routes GET $path to $handler', ({ path, handler }) => {
    expect(readHandler(path.replaceAll('…', 'anything'))).toBe(handler);
  });

  it.each(WRITES.map((route) => ({ ...route, method: route.methods[0] })))(
    'routes $method $path to $handler, with its parameters',
    ({ method, path, handler }) => {
      const segments = segmentsOf(path.replace('*', 'a').replace('*', 'b').replace('*', 'c'));
      const names = ['a', 'b', 'c'].slice(0, path.split('*').length - 1);
      expect(writeHandler(method, segments)).toEqual({ handler, names });
    },
  );

  it.each(['/api/workspaces', '/api/token/x', '/api/workspaces/a/variables/b/fetch/c', '/api/sleighs/a'])(
    'has no route for DELETE and POST %s',
    (path) => {
      expect(writeHandler('DELETE', segmentsOf(path))).toBeUndefined();
      expect(writeHandler('POST', segmentsOf(path))).toBeUndefined();
    },
  );

  it('requires a token for every route that changes something', () => {
    expect(WRITES.filter(({ needsToken }) => !needsToken)).toEqual([]);
  });
});
