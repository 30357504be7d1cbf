import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

// What documents link to exists: files, folders, and sections of documents.

const root = fileURLToPath(new URL('..', import.meta.url));

const documents: readonly string[] = [
  ...readdirSync(root).filter((name) => name.endsWith('.md')),
  ...['docs', 'clients'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.md') && !name.includes('node_modules'))
      .map((name) => join(folder, name)),
  ),
];

const withoutCode = (text: string): string => text.replace(/^( *)```.*?^\1```/gms, '');

/** The names under which GitHub offers the sections of a document. */
function sectionsOf(path: string): ReadonlySet<string> {
  const text = withoutCode(readFileSync(join(root, path), 'utf8'));
  const sections = new Set<string>();
  for (const [, title = ''] of text.matchAll(/^#{1,6} +(.+?) *$/gm)) {
    const name = title
      .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\p{M} _-]/gu, '')
      .replace(/ /g, '-');
    for (let number = 0; ; number++) {
      const unique = number === 0 ? name : `${name}-${number}`;
      if (sections.has(unique)) continue;
      sections.add(unique);
      break;
    }
  }
  for (const [, name = ''] of text.matchAll(/<a (?:id|name)="([^"]+)"/g)) sections.add(name);
  return sections;
}

/** The links of a document that lead to nothing. */
function brokenIn(path: string): readonly string[] {
  const text = withoutCode(readFileSync(join(root, path), 'utf8')).replace(/`[^`\n]*`/g, '');
  const targets = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target);
  return targets.filter((target) => {
    if (/^[a-z]+:/.test(target)) return false;
    const [file = '', section] = target.split('#');
    const to = file === '' ? path : relative(root, join(root, dirname(path), decodeURIComponent(file)));
    if (!existsSync(join(root, to))) return true;
    return section !== undefined && to.endsWith('.md') && !sectionsOf(to).has(decodeURIComponent(section));
  });
}

it('documents link to files and sections that exist', () => {
  expect(documents.length).toBeGreaterThan(20);
  const broken = documents.flatMap((path) => brokenIn(path).map((target) => `${path}: ${target}`));
  expect(broken).toEqual([]);
});
