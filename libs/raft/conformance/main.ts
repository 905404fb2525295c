/**
 * `nx run raft:conformance`: runs the scenarios in `RAFT_CONFORMANCE_DIR`. With `--self-test` one expected
 * byte of every file is changed first, and every file has to fail. Exits 1 on a failure, 2 without a folder.
 */
import { env, exit, stderr, stdout } from 'node:process';
import { runScenario, scenarioFiles, spoiledFile } from './conformance.ts';

const folder = env['RAFT_CONFORMANCE_DIR'];
if (folder === undefined || folder === '') {
  stderr.write('RAFT_CONFORMANCE_DIR names no folder; it should hold interaction, quorum and confchange\n');
  exit(2);
}
const selfTest = process.argv.includes('--self-test');
const files = scenarioFiles(folder);
const results = files.map((file) => runScenario(selfTest ? spoiledFile(file) : file));
const good = results.filter(({ failure }) => (failure !== undefined) === selfTest);
for (const { name, failure } of results) {
  if (selfTest && failure === undefined) stdout.write(`${name}: passed although a byte was changed\n`);
  if (!selfTest && failure !== undefined) stdout.write(`${name}: ${failure}\n\n`);
}
const passed = results.reduce((sum, result) => sum + result.passed, 0);
const total = results.reduce((sum, result) => sum + result.total, 0);
stdout.write(`files ${good.length}/${results.length}, directives ${passed}/${total}\n`);
stdout.write(`${good.length} passed, ${results.length - good.length} failed\n`);
exit(good.length === results.length ? 0 : 1);
