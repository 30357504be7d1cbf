/**
 * Lines of a text, ended by \n or \r\n, the last one perhaps by nothing.
 * @param pieces the text, as it comes
 */
export async function* linesOf(pieces: AsyncIterable<string>): AsyncGenerator<string> {
  // A line may come in many pieces; joined once, it costs no more than its length.
  let begun: string[] = [];
  let isFirst = true;
  for await (const piece of pieces) {
    const [end = '', ...lines] = (isFirst ? piece.replace(/^\ufeff/, '') : piece).split('\n');
    isFirst = false;
    begun.push(end);
    if (lines.length === 0) continue;
    const last = lines.pop() ?? '';
    yield withoutReturn(begun.join(''));
    for (const line of lines) yield withoutReturn(line);
    begun = [last];
  }
  const rest = begun.join('');
  if (rest !== '') yield withoutReturn(rest);
}

const withoutReturn = (line: string): string => (line.endsWith('\r') ? line.slice(0, -1) : line);
