import { expect, test } from 'vitest';
import { matchSession } from '../../src/machines/sessions.ts';

test('a session is matched only where one is known (S18, S19)', () => {
  expect(matchSession('a', 'a')).toBe('same');
  expect(matchSession('a', 'b')).toBe('other');
  expect(matchSession('a', undefined)).toBe('other');
  expect(matchSession(undefined, 'a')).toBe('none');
  expect(matchSession(undefined, undefined)).toBe('none');
});
