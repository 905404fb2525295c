// Everything that is checked without running the product, in parallel; prints all of it, fails if any part
// does.
import { spawn } from 'node:child_process';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const PARTS = [
  ['oxlint', '--type-aware', '--deny-warnings', '.'],
  ['oxfmt', '--check', '.'],
  ['node', 'tools/tidy/main.ts'],
  ['node', 'tools/boundaries.ts'],
  ['node', 'tools/sync-references.mjs', '--check'],
  ['node', 'tools/generate.mjs', '--check'],
];

/** Resolves with whether the command succeeded; its output is printed in one piece. */
function run([command, ...args]) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd: root });
    let output = '';
    child.stdout.on('data', (chunk) => (output += chunk));
    child.stderr.on('data', (chunk) => (output += chunk));
    child.on('error', (error) => (output += error.message));
    child.on('close', (code) => {
      if (code !== 0 || output.length < 2_000)
        process.stdout.write(`\n> ${command} ${args.join(' ')}\n${output}`);
      resolve(code === 0);
    });
  });
}

const results = await Promise.all(PARTS.map(run));
process.exit(results.every(Boolean) ? 0 : 1);
