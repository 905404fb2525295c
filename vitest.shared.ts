import { defineConfig, type ViteUserConfig } from 'vitest/config';

const conditions = ['@ringwatch/source'];

/**
 * The Vitest configuration of every project. `vitest run` takes the unit specs; `--mode contract` takes the specs that
 * need real servers (`*.contract.spec.ts`). Results are also written to `test-results/`, where `npm test` adds them up.
 */
export function vitestConfig(overrides: ViteUserConfig['test'] = {}): ViteUserConfig {
  return defineConfig(({ mode }) => {
    const suite = mode === 'contract' ? 'contract' : 'unit';
    return {
      resolve: { conditions },
      ssr: { resolve: { conditions, externalConditions: conditions } },
      test: {
        include: suite === 'contract' ? ['**/*.contract.spec.ts'] : ['**/*.spec.{ts,tsx}'],
        exclude: ['**/node_modules/**', '**/dist/**', '**/bundle/**', ...(suite === 'unit' ? ['**/*.contract.spec.ts'] : [])],
        reporters: ['default', 'json'],
        outputFile: { json: `test-results/${suite}.json` },
        passWithNoTests: true,
        ...overrides,
      },
    };
  }) as ViteUserConfig;
}
