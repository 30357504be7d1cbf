import { expect, test } from 'vitest';
import { matchSession } from '../../src/machines/session-match.ts';

test('a session matches only if the server knows one (S18, S19)', () => {
  expect(matchSession('a', 'a')).toBe('same');
  expect(matchSession('a', 'b')).toBe('other');
  expect(matchSession('a', undefined)).toBe('other');
  expect(matchSession(undefined, 'a')).toBe('none');
  expect(matchSession(undefined, undefined)).toBe('none');
});
