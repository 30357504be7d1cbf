// Writes docs/reference from the catalogues of errors, and from the docstrings in the declarations that the build
// writes. TypeScript 7 has no API for tools yet, so this script parses the declarations itself: one printer writes them,
// in a regular form.
//   node scripts/reference.mjs [FOLDER]
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runnerImport } from 'vite';

const { module: sources } = await runnerImport(
  fileURLToPath(new URL('reference-sources.ts', import.meta.url)),
);
const {
  BOUNDS,
  CLIENT_ERRORS,
  CLI_ERRORS,
  CLUSTER,
  LIMITS,
  PROBLEM,
  READS,
  REFUSALS,
  SERVER,
  STORED,
  VIEWS,
  WRITES,
} = sources;

const root = fileURLToPath(new URL('..', import.meta.url));
const [folder = join(root, 'docs/reference')] = process.argv.slice(2);

const fileOf = (from, path) => join(dirname(from), path.replace(/\.ts$/, '.d.ts'));
const parsed = new Map();

/** The declarations of a file by name, and the files that it re-exports from. */
function parse(file) {
  if (parsed.has(file)) return parsed.get(file);
  const declared = new Map();
  const forwarded = new Map();
  const all = [];
  for (const { doc, code } of statements(readFileSync(file, 'utf8'))) {
    const [, names, from] = /^export (?:type )?\{([^}]*)\} from '([^']+)'/.exec(code) ?? [];
    const [, everything] = /^export \* from '([^']+)'/.exec(code) ?? [];
    const [, kind, name] =
      /^export (?:declare )?(?:abstract )?(class|interface|type|const|function) (\w+)/.exec(code) ?? [];
    if (names !== undefined) {
      for (const each of names.split(',').filter((each) => each.trim() !== ''))
        forwarded.set(each.replace('type ', '').trim(), fileOf(file, from));
    } else if (everything !== undefined) all.push(fileOf(file, everything));
    else if (kind !== undefined) {
      // The first of several declarations of a function has the text.
      const first = declared.get(name);
      declared.set(
        name,
        first === undefined
          ? { name, kind, doc, code }
          : { ...first, code: `${first.code}\n${code.replace('export declare ', '')}` },
      );
    }
  }
  const result = { declared, forwarded, all };
  parsed.set(file, result);
  return result;
}

/** Cuts a file, or the body of a class or an interface, into statements with the comments before them. */
function* statements(text) {
  let doc;
  let begin;
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    if (text.startsWith('//', at) && begin === undefined) at = text.indexOf('\n', at) >>> 0;
    else if (text.startsWith('/*', at)) {
      const end = text.indexOf('*/', at) + 2;
      if (begin === undefined) doc = text.slice(at, end);
      at = end - 1;
    } else if (begin !== undefined || /\S/.test(text[at])) {
      begin ??= at;
      if ('([{'.includes(text[at])) depth++;
      if (')]}'.includes(text[at])) depth--;
      const isBlock =
        text[at] === '}' &&
        /^(export )?(declare )?(abstract )?(class|interface) /.test(text.slice(begin, at));
      if (depth > 0 || !(text[at] === ';' || isBlock)) continue;
      yield { doc, code: text.slice(begin, isBlock ? at + 1 : at) };
      begin = doc = undefined;
    }
  }
}

/** The exports of a file, by name. */
function exportsOf(file) {
  const { declared, forwarded, all } = parse(file);
  const found = new Map(all.flatMap((each) => Array.from(exportsOf(each))));
  for (const [name, from] of forwarded) {
    const declaration = exportsOf(from).get(name);
    if (declaration === undefined) throw new Error(`${file}: ${name} is not in ${from}`);
    found.set(name, declaration);
  }
  for (const [name, declaration] of declared) found.set(name, declaration);
  return found;
}

/** A comment as Markdown. */
function described(doc, indent = '') {
  if (doc === undefined) return '';
  const text = doc
    .replace(/^\/\*\*|\*\/$/g, '')
    .replace(/^[ \t]*\* ?/gm, '')
    .trim();
  const tags = { param: (rest) => rest.replace(/^(\w+)\s+/, '`$1`: '), returns: (rest) => `Returns ${rest}` };
  const parts = text.split(/(?:^|\s)@(?=param|returns|throws)/).map((part, i) => {
    if (i === 0) return part.trim();
    const [, tag, rest] = /^(\w+)\s+([^]*)$/.exec(part);
    return tags[tag]?.(rest.trim()) ?? `Throws ${rest.trim()}`;
  });
  return parts
    .filter((part) => part !== '')
    .join('\n\n')
    .replace(/^(?=.)/gm, indent);
}

const inline = (code) => (code.includes('`') ? `\`\` ${code} \`\`` : `\`${code}\``);
const onOneLine = (code) =>
  code
    .replace(/\/\*[^]*?\*\//g, '')
    .replace(/\s+/g, ' ')
    .trim();

function page({ name, kind, doc, code }) {
  const hasMembers = kind === 'class' || kind === 'interface';
  const head = code.replace(/^export (declare )?/, '');
  const shown = hasMembers ? head.slice(0, head.indexOf('{')).trim() : head;
  const lines = [`### ${name}`, '', described(doc), '', '```ts', shown, '```', ''];
  if (!hasMembers) return lines;
  const body = head.slice(head.indexOf('{') + 1, head.lastIndexOf('}'));
  for (const member of statements(body)) {
    if (/^(#private|private )/.test(member.code)) continue;
    lines.push(`- ${inline(onOneLine(member.code))}`, '');
    if (member.doc !== undefined) lines.push(described(member.doc, '  '), '');
  }
  return lines;
}

function write(file, title, begin, declarations) {
  const sections = {
    Classes: ['class'],
    'Functions and constants': ['function', 'const'],
    Types: ['interface', 'type'],
  };
  const lines = [`# ${title}`, '', begin, ''];
  for (const [section, kinds] of Object.entries(sections)) {
    const those = declarations.filter(({ kind }) => kinds.includes(kind));
    if (those.length === 0) continue;
    lines.push(`## ${section}`, '');
    for (const each of those.toSorted((a, b) => (a.name < b.name ? -1 : 1))) lines.push(...page(each));
  }
  const text = lines.join('\n').replace(/\n{3,}/g, '\n\n');
  writeFileSync(join(folder, file), `${text.trimEnd()}\n`);
}

const client = exportsOf(join(root, 'dist/client/index.d.ts'));
const everything = exportsOf(join(root, 'dist/index.d.ts'));
const server = [...everything].filter(([name, declaration]) => client.get(name) !== declaration);

const MADE =
  'Made from the docstrings by `npm run reference`. Clauses (S7, P4 …) are those of [the protocol](../protocol.md).';
mkdirSync(folder, { recursive: true });
write('client.md', 'The client library', `From \`sleigh\`, or from \`sleigh/client\`. ${MADE}`, [
  ...client.values(),
]);
write(
  'server.md',
  'The server as a library',
  `From \`sleigh\`. ${MADE}`,
  server.map(([, declaration]) => declaration),
);

const cell = (text) => text.replaceAll('|', '\\|').replaceAll(/([*_<>])/g, '\\$1');
const errorTable = (catalogue) => [
  '| code | text | what to do |',
  '| --- | --- | --- |',
  ...Object.values(catalogue).map(
    ({ code, example, remedy }) => `| \`${code}\` | ${cell(example)} | ${remedy.replaceAll('|', '\\|')} |`,
  ),
  '',
];
const errorSection = (title, begin, catalogues) => {
  const parts = Object.entries(catalogues).flatMap(([of, catalogue]) =>
    [`### ${of}`, ''].concat(errorTable(catalogue)),
  );
  return [`## ${title}`, '', begin, '', ...parts];
};
writeFileSync(
  join(folder, 'errors.md'),
  [
    '# Errors',
    '',
    'Find an error by its code or its text, and what to do about it. Names, numbers and the ends of texts are examples. Made ' +
      'from the catalogues in `src` by `npm run reference`.',
    '',
    ...errorSection(
      'The client library',
      'By the class that carries them. `error.code` is the code, `error.message` the text.',
      CLIENT_ERRORS,
    ),
    ...errorSection(
      'The command line',
      'One line on standard error, `sleigh: TEXT`; with `--json` an object `{ "error": { "code", "message" } }`. The exit status is 1.',
      CLI_ERRORS,
    ),
    ...errorSection(
      'The server',
      'What `createServer` and `server.reload` throw, and what a server says when it cannot begin.',
      { Start: SERVER, Store: STORED, 'Shared store': CLUSTER },
    ),
    ...errorSection('The web server', 'The code is the HTTP status; the body is `{ "error": TEXT }`.', {
      Answers: PROBLEM,
    }),
    ...errorSection(
      'Refusals',
      'What the server answers to a request that it does not carry out: the text is `nwsReason` (P8); nothing has changed. In ' +
        'the client library they are an `NwsError`; the code is that of the log.',
      REFUSALS,
    ),
  ]
    .join('\n')
    .trimEnd() + '\n',
);

const SEEN = {
  used: '`sleigh_limit_used`, `sleigh_limit_bound`, `sleigh_refusals_total`',
  refusals: '`sleigh_refusals_total`',
  log: 'a line of the log',
  none: 'nothing is refused for it',
};
writeFileSync(
  join(folder, 'limits.md'),
  [
    '# Limits',
    '',
    'Look up a limit of the server: its default, its flag, and the metric that shows it (label `limit`). The reasons for the ' +
      'defaults are in [the protocol](../protocol.md#limits). Made from `src/wire/limits.ts` by `npm run reference`.',
    '',
    '| limit | default | unit | clause | flag of `sleigh serve` | seen as |',
    '| --- | ---: | --- | --- | --- | --- |',
    ...Object.entries(LIMITS).map(
      ([name, { default: usual, unit, clause, metric }]) =>
        `| \`${name}\` | ${usual.toLocaleString('en')} | ${unit} | ${clause} | \`--limit ${name}=NUMBER\` | ${SEEN[metric]} |`,
    ),
    '',
    '## Fixed bounds',
    '',
    'No setting changes these. They are in `src/wire/bounds.ts`.',
    '',
    '| bound | value | unit | clause | what it bounds |',
    '| --- | ---: | --- | --- | --- |',
    ...Object.entries(BOUNDS).map(
      ([name, { value, unit, clause = '', what }]) =>
        `| \`${name}\` | ${value.toLocaleString('en')} | ${unit} | ${clause} | ${what} |`,
    ),
    '',
  ].join('\n'),
);

writeFileSync(
  join(folder, 'routes.md'),
  [
    '# Routes of the web server',
    '',
    'Look up what the web server answers. `NAME` stands for one encoded name, `…` for anything; where a token is needed, the ' +
      'server was started with `--web-write`. The types of views are in `src/views/types.ts`. Made from `src/web/routes.ts` and `src/views/view-routes.ts` by `npm run reference`.',
    '',
    '| methods | path | token | answer |',
    '| --- | --- | --- | --- |',
    ...[...WRITES, ...VIEWS, ...READS].map(
      ({ methods, path, needsToken, returns }) =>
        `| ${methods.join(', ')} | \`${path.replaceAll('*', 'NAME')}\` | ${needsToken ? 'yes' : 'no'} | ${returns} |`,
    ),
    '',
  ].join('\n'),
);

/** The first sentence of a description. */
const summary = (doc) =>
  described(doc)
    .split(/(?<=\.)\s/)[0]
    .replace(/\s+/g, ' ');
const index = (file, declarations) =>
  declarations
    .filter(({ kind }) => kind === 'class' || kind === 'function')
    .map(({ name, doc }) => `| [\`${name}\`](${file}#${name.toLowerCase()}) | ${summary(doc)} |`)
    .toSorted();
writeFileSync(
  join(folder, 'README.md'),
  `# Reference

What programs import, from the docstrings: [the client library](client.md) and [the server](server.md). Every error, and
what to do about it: [errors](errors.md). Every limit: [limits](limits.md). What the web server answers: [routes](routes.md). To learn it, begin with [the tutorial](../tutorial.md).

| | |
| --- | --- |
${index('client.md', [...client.values()]).join('\n')}
${index(
  'server.md',
  server.map(([, declaration]) => declaration),
).join('\n')}
`,
);
