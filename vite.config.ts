/** The front end, `src/page`, into `dist/page`, where `src/web` finds it. */
import { defineConfig } from 'vite';

export default defineConfig({
  root: 'src/page',
  // Paths relative to the page, which a proxy may put into a folder of its own; src/web says how deep a page is.
  base: './',
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    outDir: '../../dist/page',
    emptyOutDir: true,
    // Small files as data: URLs would need an exception in the content security policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: 'es2022',
    reportCompressedSize: false,
  },
});
