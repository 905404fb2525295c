import { gzipSync } from 'node:zlib';
import type { Plugin } from 'vite';

/**
 * Fails the build when what the page loads first outgrows `bytesMax` gzipped, or when code for Node slipped
 * in: the libraries that the page shares with the servers are written so that neither happens.
 */
export function initialJsGate(bytesMax: number): Plugin {
  return {
    name: 'initial-js-gate',
    apply: 'build',
    generateBundle(_options, bundle) {
      const entries = Object.values(bundle).filter((chunk) => chunk.type === 'chunk' && chunk.isEntry);
      const initial = new Set(entries.map((chunk) => chunk.fileName));
      let bytes = 0;
      for (const fileName of initial) {
        const chunk = bundle[fileName];
        if (chunk?.type !== 'chunk') continue;
        for (const imported of chunk.imports) initial.add(imported); // The loop goes on over what it adds.
        bytes += gzipSync(chunk.code, { level: 9 }).length;
        const foreign = Object.keys(chunk.modules).filter((id) => id.includes('browser-external'));
        if (foreign.length > 0)
          this.error(`${chunk.fileName} contains Node's modules: ${foreign.join(', ')}`);
      }
      if (bytes === 0) this.error('no entry chunk');
      if (bytes > bytesMax) this.error(`initial JS is ${bytes} bytes gzipped, at most ${bytesMax}`);
      this.info(`initial JS ${(bytes / 1024).toFixed(1)} KB gzip of at most ${bytesMax / 1024} KB`);
    },
  };
}
