/**
 * A browser that runs under the locale "C", as on many cluster nodes, names a language that Intl does not take, and uPlot
 * hands it to Intl while it is loaded. So this comes before it.
 */
try {
  Intl.getCanonicalLocales(navigator.language);
} catch {
  Object.defineProperty(navigator, 'language', { value: 'en', configurable: true });
}
