// Runs a command of this workspace on the pinned Node, installing dependencies first when the lockfile
// changed.
//
// usage: node tools/run.mjs COMMAND [ARG ...]
//
// 1. It depends on nothing but Node >= 20.19, because it runs before anything is installed.
// 2. It never leaves a child behind: it passes SIGINT and SIGTERM on and ends as its child ended.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const NODE_MIN = [20, 19];
const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** Exits 1 with the cure when this Node is older than the installer supports. */
function requireNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major > NODE_MIN[0] || (major === NODE_MIN[0] && minor >= NODE_MIN[1])) return;
  console.error(`ringwatch needs Node >= ${NODE_MIN.join('.')}, this is ${process.versions.node}`);
  process.exit(1);
}

/** Brings node_modules to the state of the lockfile; a stamp makes the usual case a single hash. */
function installIfStale() {
  const lockfile = join(root, 'package-lock.json');
  const stampFile = join(root, 'node_modules', '.install-stamp');
  const stamp = createHash('sha256').update(readFileSync(lockfile)).digest('hex');
  if (existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp) return;
  console.error('ringwatch: installing dependencies (once per lockfile) …');
  const startedMs = performance.now();
  const npm = spawnSync('npm', ['ci', '--loglevel=error', '--no-audit', '--no-fund'], {
    cwd: root,
    stdio: ['ignore', 2, 2],
  });
  if (npm.status !== 0) {
    console.error(`ringwatch: npm ci failed (${npm.status ?? npm.signal ?? npm.error?.message})`);
    process.exit(npm.status ?? 1);
  }
  writeFileSync(stampFile, stamp);
  // `npm test` counts the installation towards its first budget.
  process.env.RINGWATCH_INSTALL_MS = String(Math.round(performance.now() - startedMs));
}

/** Runs `argv` with the workspace's own programs first in PATH, so `node` is the pinned one. */
function run(argv) {
  const [command, ...args] = argv;
  if (command === undefined) {
    console.error('usage: node tools/run.mjs COMMAND [ARG ...]');
    process.exit(64);
  }
  const path = `${join(root, 'node_modules', '.bin')}${delimiter}${process.env.PATH ?? ''}`;
  // `npm start` ends when this process is gone.
  const env = { ...process.env, PATH: path, RINGWATCH_RUN_PID: String(process.pid) };
  const child = spawn(command, args, { cwd: root, stdio: 'inherit', env });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('error', (error) => {
    console.error(`ringwatch: ${command}: ${error.message}`);
    process.exit(127);
  });
  child.on('exit', (code, signal) => process.exit(code ?? 128 + constants.signals[signal]));
}

requireNode();
installIfStale();
run(process.argv.slice(2));
