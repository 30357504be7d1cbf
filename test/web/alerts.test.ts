import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { createServer } from '../../src/index.ts';
import { TROUBLES } from '../../src/views/notices.ts';
import { ask } from '../support/browser.ts';

const DOCUMENT = readFileSync(new URL('../../docs/operations.md', import.meta.url), 'utf8');
const expressions = Array.from(DOCUMENT.matchAll(/^ +expr: (.+)$/gm), ([, expression]) => expression ?? '');

it('the documents have an alert for each trouble that the page names, and no other', () => {
  const named = expressions.flatMap((text) => /trouble="([^"]+)"/.exec(text)?.[1] ?? []);
  expect(named.sort()).toEqual([...TROUBLES].sort());
});

it('each metric of an alert exists, with that label', async () => {
  const server = await createServer({ port: 0, logLevel: 'silent', web: { port: 0 } });
  try {
    const { text } = await ask(server.web?.url ?? '', '/metrics');
    const metrics = new Set(expressions.flatMap((expression) => expression.match(/\bsleigh_\w+/g) ?? []));
    expect(metrics.size).toBeGreaterThan(3);
    for (const metric of metrics) expect(text).toContain(`# TYPE ${metric} `);
    for (const trouble of TROUBLES) expect(text).toContain(`sleigh_jobs_in_trouble{trouble="${trouble}"} 0`);
  } finally {
    await server.close();
  }
});
