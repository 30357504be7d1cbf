/** A string, a bracket, a comma, a colon, or a number, true, false, null. */
const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/g;

/** JSON without whitespace. It is not parsed, so numbers keep all their digits. */
export const compact = (json: string): string => (json.match(TOKEN) ?? []).join('');

/** JSON with a line for each member, in the layout of JSON.stringify. Numbers keep all their digits. */
export function laidOut(json: string): string {
  const tokens = json.match(TOKEN) ?? [];
  const parts: string[] = [];
  let depth = 0;
  const newline = (): string => `\n${'  '.repeat(depth)}`;
  for (const [at, token] of tokens.entries()) {
    const isEmpty = /[{[]/.test(tokens[at - 1]?.[0] ?? '') && /^[}\]]/.test(token);
    if (token === '}' || token === ']') {
      depth--;
      parts.push(isEmpty ? token : `${newline()}${token}`);
    } else if (token === '{' || token === '[') {
      depth++;
      const isNextEmpty = tokens[at + 1] === '}' || tokens[at + 1] === ']';
      parts.push(isNextEmpty ? token : `${token}${newline()}`);
    } else if (token === ',') parts.push(`,${newline()}`);
    else parts.push(token === ':' ? ': ' : token);
  }
  return parts.join('');
}
