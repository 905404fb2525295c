/**
 * Our own scenarios, in the form of etcd's. After a change of behaviour that is meant,
 * `RAFT_SCENARIOS=rewrite vitest run src/scenarios.spec.ts` writes what they print now; read the difference.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { env } from 'node:process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { runScenario, scenarioFiles, spoiledFile, type ScenarioFile } from '../conformance/conformance.ts';

const folder = fileURLToPath(new URL('../testdata', import.meta.url));

if (env['RAFT_SCENARIOS'] === 'rewrite') for (const file of scenarioFiles(folder)) rewrite(file);
const files = scenarioFiles(folder);

test.each(files)('$name prints what it should', (file) => {
  expect(runScenario(file).failure).toBeUndefined();
});

test.each(files)('$name fails with one expected byte changed', (file) => {
  expect(runScenario(spoiledFile(file)).failure).toBeDefined();
});

function rewrite({ name, directives, runner }: ScenarioFile): void {
  const path = join(folder, name);
  const lines = readFileSync(path, 'utf8').split('\n');
  const run = runner();
  const written: string[] = [];
  let at = 0;
  for (const directive of directives) {
    const separator = lines.indexOf('----', directive.line - 1);
    written.push(...lines.slice(at, separator + 1));
    const output = run(directive).replace(/\n$/, '');
    written.push(output === '' ? 'ok' : output);
    at = lines.indexOf('', separator);
  }
  writeFileSync(path, [...written, ...lines.slice(at)].join('\n'));
}
