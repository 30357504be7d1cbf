let mutant;

export function initialize(data) {
  mutant = data;
}

export async function load(url, context, next) {
  const loaded = await next(url, context);
  if (!url.endsWith(mutant.file)) return loaded;
  const text = loaded.source.toString();
  if (!text.includes(mutant.from)) throw new Error(`${mutant.file} does not contain: ${mutant.from}`);
  return { ...loaded, source: text.replace(mutant.from, mutant.to) };
}
