import { defaultClientConditions, defineConfig } from 'vite';
import { initialJsGate } from './initial-js-gate.ts';

/** What a browser must load before the first pixel, gzipped. */
const INITIAL_JS_BYTES_MAX = 80 * 1024;

export default defineConfig({
  resolve: { conditions: ['@ringwatch/source', ...defaultClientConditions] },
  // Without this JSX becomes calls of React's runtime, and Preact renders nothing without saying so.
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    outDir: 'bundle',
    emptyOutDir: true,
    target: 'es2022',
    assetsInlineLimit: 0, // No data: URLs in scripts or styles: the page's policy names its sources.
    modulePreload: { polyfill: false },
  },
  server: {
    proxy: { '/api': 'http://127.0.0.1:7301', '/live': { target: 'ws://127.0.0.1:7301', ws: true } },
  },
  plugins: [initialJsGate(INITIAL_JS_BYTES_MAX)],
});
