import { env } from 'node:process';
import { expect, test } from 'vitest';
import { runScenario, scenarioFiles, spoiledFile } from './conformance.ts';

const folder = env['RAFT_CONFORMANCE_DIR'] ?? '';
const files = folder === '' ? [] : scenarioFiles(folder);

test.each(files)('$name prints what it should', (file) => {
  expect(runScenario(file).failure).toBeUndefined();
});

test.each(files)('$name fails with one expected byte changed', (file) => {
  expect(runScenario(spoiledFile(file)).failure).toBeDefined();
});

// Skipped where the variable is not set, so that nobody takes silence for success.
test.skipIf(folder === '')('RAFT_CONFORMANCE_DIR holds scenarios', () => {
  expect(files.length).toBeGreaterThan(0);
});
