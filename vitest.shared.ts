import { fileURLToPath } from 'node:url';
import { defineConfig, type ViteUserConfig } from 'vitest/config';

const conditions = ['@ringwatch/source'];
const tempRoot = fileURLToPath(new URL('tools/temp-root.ts', import.meta.url));

/** Suites that `vitest run --mode SUITE` takes instead of the unit specs: `*.SUITE.spec.ts`. */
const SUITES = ['contract', 'simulation', 'e2e'];

/** Times after which a test is hung, not slow: CI may be a tenth as fast as a desk. */
const UNIT_TIMEOUT_MS = 20_000;
const SUITE_TIMEOUT_MS = 60_000;

/**
 * The Vitest configuration of every project. Results are also written to `test-results/SUITE.json`, where
 * `npm test` adds them up.
 */
export function vitestConfig(overrides: ViteUserConfig['test'] = {}): ViteUserConfig {
  return defineConfig(({ mode }) => {
    const suite = SUITES.find((name) => name === mode) ?? 'unit';
    const timeoutMs = suite === 'unit' ? UNIT_TIMEOUT_MS : SUITE_TIMEOUT_MS;
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
        testTimeout: timeoutMs,
        hookTimeout: timeoutMs,
        globalSetup: [tempRoot],
        ...overrides,
      },
    };
  }) as ViteUserConfig;
}
