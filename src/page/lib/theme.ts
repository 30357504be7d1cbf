/** Light or dark: the setting of the system, until the user selects one. */
export const THEMES = ['system', 'light', 'dark'] as const;
export type Theme = (typeof THEMES)[number];

const KEY = 'sleigh.theme';
const listeners = new Set<() => void>();

export function theme(): Theme {
  const stored = localStorage.getItem(KEY);
  return THEMES.find((known) => known === stored) ?? 'system';
}

export function chooseTheme(chosen: Theme): void {
  localStorage.setItem(KEY, chosen);
  restoreTheme();
  notify();
}

export function restoreTheme(): void {
  document.documentElement.dataset['theme'] = theme();
}

/**
 * For canvases, which do not follow the style sheet.
 * @returns a function that ends it
 */
export function onTheme(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

const notify = (): void => {
  for (const listener of listeners) listener();
};
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', notify);
