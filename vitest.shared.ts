import { fileURLToPath } from 'node:url';
import { defineConfig, type ViteUserConfig } from 'vitest/config';

const conditions = ['@ringwatch/source'];
const tempRoot = fileURLToPath(new URL('tools/temp-root.ts', import.meta.url));

/** Suites that `vitest run --mode SUITE` takes instead of the unit specs: `*.SUITE.spec.ts`. */
const SUITES = ['contract', 'simulation', 'e2e'];

/**
 * The Vitest configuration of every project. Results are also written to `test-results/SUITE.json`, where
 * `npm test` adds them up.
 */
export function vitestConfig(overrides: ViteUserConfig['test'] = {}): ViteUserConfig {
  return defineConfig(({ mode }) => {
    const suite = SUITES.find((name) => name === mode) ?? 'unit';
    const special = SUITES.map((name) => `**/*.${name}.spec.ts`);
    return {
      resolve: { conditions },
      ssr: { resolve: { conditions, externalConditions: conditions } },
      test: {
        include: suite === 'unit' ? ['**/*.spec.{ts,tsx}'] : [`**/*.${suite}.spec.ts`],
        exclude: ['**/node_modules/**', '**/dist/**', '**/bundle/**', ...(suite === 'unit' ? special : [])],
        reporters: ['default', 'json'],
        outputFile: { json: `test-results/${suite}.json` },
        passWithNoTests: true,
        globalSetup: [tempRoot],
        ...overrides,
      },
    };
  }) as ViteUserConfig;
}
