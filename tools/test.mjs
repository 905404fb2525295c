// Runs everything that CI runs, in phases with budgets, and ends in one line: `N passed, N failed, N
// skipped`.
//
// usage: node tools/test.mjs [--affected BASE] [PHASE ...]
//        phases: static unit contracts simulation benches e2e; default all
//
// With --affected, only projects that differ from the commit BASE, or depend on such, are built and tested;
// lint always looks at everything.
//
// 1. Counts come from each suite's own JSON report; a phase that fails without one counts as a failure.
// 2. A phase over its budget is a failure, however green it is.
// 3. Redis and Consul are started once, for all suites, and stopped by their process ids.
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { startServices } from './services/index.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const { values: options, positionals: wanted } = parseArgs({
  allowPositionals: true,
  options: { affected: { type: 'string' } },
});
const scope = options.affected === undefined ? ['run-many'] : ['affected', `--base=${options.affected}`];
const nx = (targets) => ['nx', ...scope, '-t', ...targets, '--output-style=static'];

const PHASES = [
  {
    name: 'static',
    budgetSeconds: 60,
    commands: [['nx', 'run', 'tools:lint'], nx(['typecheck', 'build', 'bundle'])],
  },
  { name: 'unit', budgetSeconds: 120, commands: [nx(['test'])], report: 'unit' },
  { name: 'contracts', budgetSeconds: 90, commands: [nx(['contract'])], report: 'contract' },
  { name: 'simulation', budgetSeconds: 40, commands: [nx(['simulation'])], report: 'simulation' },
  {
    name: 'benches',
    budgetSeconds: 60,
    commands: [
      ['node', 'tools/bench.mjs', 'hash-ring', '20000'],
      ['node', 'tools/bench.mjs', 'wal', '20', '8'],
      ['node', 'tools/bench.mjs', 'ingest', '1', '1'],
      ['node', 'tools/bench.mjs', 'peer-transport', '50', '1'],
      ['node', 'tools/bench.mjs', 'raft-core', '20000'],
      ['node', 'tools/bench.mjs', 'raft', '1', '0.3', '1'],
      ['node', 'tools/bench.mjs', 'beside-etcd', '300', '1', 'stream'],
    ],
  },
  { name: 'e2e', budgetSeconds: 200, commands: [nx(['e2e'])], report: 'e2e' },
];
const SERVICES_BUDGET_SECONDS = 150;

/** Passed, failed and skipped, summed over phases. */
const totals = { passed: 0, failed: 0, skipped: 0 };
const summary = [];

/** Runs a command to its end; resolves with its exit code. */
function run([command, ...args], env) {
  console.log(`\n> ${command} ${args.join(' ')}`);
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'], env });
    child.on('error', () => resolve(127));
    child.on('close', (code) => resolve(code ?? 1));
  });
}

/** The reports that a phase may leave: one per project. */
function reportFiles(suite) {
  const folders = ['libs', 'apps'].flatMap((group) =>
    readdirSync(join(root, group)).map((name) => join(root, group, name)),
  );
  return [...folders, join(root, 'tools')].map((folder) => join(folder, 'test-results', `${suite}.json`));
}

function readReports(suite) {
  const counts = { passed: 0, failed: 0, skipped: 0 };
  for (const file of reportFiles(suite).filter(existsSync)) {
    const report = JSON.parse(readFileSync(file, 'utf8'));
    counts.passed += report.numPassedTests;
    counts.failed += report.numFailedTests;
    counts.skipped += report.numPendingTests + report.numTodoTests;
    // A suite that breaks before its first test has failed although no test of it did.
    if (report.numFailedTests === 0 && !report.success) counts.failed += 1;
  }
  return counts;
}

function note(name, counts, seconds, budgetSeconds) {
  const over = seconds > budgetSeconds;
  if (over) counts.failed += 1;
  for (const key of Object.keys(totals)) totals[key] += counts[key];
  const budget = `${seconds.toFixed(0)} s of ${budgetSeconds} s${over ? ': OVER BUDGET' : ''}`;
  const { passed, failed, skipped } = counts;
  summary.push(`${name.padEnd(12)} ${passed} passed, ${failed} failed, ${skipped} skipped (${budget})`);
}

async function runPhase({ name, budgetSeconds, commands, report }, env) {
  if (report !== undefined) for (const file of reportFiles(report)) rmSync(file, { force: true });
  const startedMs = performance.now();
  let exitCode = 0;
  const counts = { passed: 0, failed: 0, skipped: 0 };
  for (const command of commands) {
    const code = await run(command, env);
    exitCode ||= code;
    if (report === undefined) counts[code === 0 ? 'passed' : 'failed'] += 1;
  }
  if (report !== undefined) Object.assign(counts, readReports(report));
  if (exitCode !== 0 && counts.failed === 0) counts.failed = 1;
  note(name, counts, (performance.now() - startedMs) / 1_000, budgetSeconds);
}

const phases = PHASES.filter(({ name }) => wanted.length === 0 || wanted.includes(name));
const installSeconds = Number(process.env.RINGWATCH_INSTALL_MS ?? 0) / 1_000;
const startedMs = performance.now();
const services = await startServices();
const { redisUrl, consulUrl, reasons } = services;
for (const reason of reasons) console.error(`services: ${reason}`);
const missing = redisUrl === undefined || consulUrl === undefined;
const servicesFailed = missing && process.env.CI === 'true' ? 1 : 0;
note(
  'services',
  { passed: missing ? 0 : 1, failed: servicesFailed, skipped: missing ? 1 - servicesFailed : 0 },
  installSeconds + (performance.now() - startedMs) / 1_000,
  SERVICES_BUDGET_SECONDS,
);
const env = {
  ...process.env,
  ...(redisUrl !== undefined && { RINGWATCH_TEST_REDIS_URL: redisUrl }),
  ...(consulUrl !== undefined && { RINGWATCH_TEST_CONSUL_URL: consulUrl }),
};
try {
  for (const phase of phases) await runPhase(phase, env);
} finally {
  await services.stop();
}
console.log(`\n${summary.join('\n')}`);
const skipped = totals.skipped > 0 ? `, ${totals.skipped} skipped` : '';
console.log(`${totals.passed} passed, ${totals.failed} failed${skipped}`);
process.exitCode = totals.failed === 0 ? 0 : 1;
