import { ask } from './browser.ts';

const LINE = /^([a-zA-Z_:][\w:]*)(\{(?:\w+="(?:[^"\\]|\\.)*",?)*\})? (-?[\d.e+-]+|NaN|Nan|[+-]Inf)$/;

/**
 * @returns all samples of /metrics, by name and labels
 * @throws if the text is not in the exposition format
 */
export async function scrapeOf(url: string): Promise<Map<string, number>> {
  const { headers, text } = await ask(url, '/metrics');
  if (headers['content-type'] !== 'text/plain; version=0.0.4; charset=utf-8')
    throw new Error(`of another type: ${headers['content-type']}`);
  const samples = new Map<string, number>();
  const types = new Map<string, string>();
  for (const line of text.trimEnd().split('\n')) {
    const [, type, kind] = /^# TYPE (\w+) (\w+)$/.exec(line) ?? [];
    if (type !== undefined) types.set(type, kind ?? '');
    if (line.startsWith('#') || line === '') continue;
    const [, name = '', labels = '', value] = LINE.exec(line) ?? [];
    if (name === '') throw new Error(`no sample: ${line}`);
    const family = name.replace(/_(bucket|sum|count)$/, '');
    if (!types.has(name) && types.get(family) !== 'histogram' && types.get(family) !== 'summary')
      throw new Error(`of no type: ${line}`);
    samples.set(`${name}${labels}`, Number(value));
  }
  return samples;
}
