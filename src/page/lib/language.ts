/**
 * A browser with the locale "C", as on many cluster nodes, reports a language that Intl refuses. uPlot passes it to
 * Intl while it loads, so this module must be loaded before uPlot.
 */
try {
  Intl.getCanonicalLocales(navigator.language);
} catch {
  Object.defineProperty(navigator, 'language', { value: 'en', configurable: true });
}
