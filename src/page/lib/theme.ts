/** Light or dark: as the system has it, until somebody chooses. */
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
  tell();
}

export function restoreTheme(): void {
  document.documentElement.dataset['theme'] = theme();
}

/** For what is painted and does not follow the style sheet. @returns how to stop */
export function onTheme(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

const tell = (): void => {
  for (const listener of listeners) listener();
};
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', tell);
