// Runs one named benchmark: `{libs,apps}/*/bench/NAME.ts`. It prints one JSON line per figure.
//
// usage: npm run bench -- NAME [ARG ...]
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const [name, ...args] = process.argv.slice(2);

/** Every benchmark of the workspace: name → path and project. */
function benches() {
  const found = new Map();
  for (const group of ['libs', 'apps']) {
    for (const project of readdirSync(join(root, group))) {
      const folder = join(root, group, project, 'bench');
      if (!existsSync(folder)) continue;
      for (const file of readdirSync(folder)) {
        if (file.endsWith('.ts'))
          found.set(file.slice(0, -'.ts'.length), { path: join(folder, file), project });
      }
    }
  }
  return found;
}

const all = benches();
const bench = all.get(name);
if (bench === undefined) {
  console.error(`usage: npm run bench -- NAME, one of: ${[...all.keys()].join(', ')}`);
  process.exit(64);
}
// What a benchmark runs is built first, out of sight unless it fails: the room and what it needs, or, for a
// room of nothing but tests, the whole system.
const room = JSON.parse(readFileSync(join(dirname(dirname(bench.path)), 'package.json'), 'utf8'));
const only = (room.nx.targets.build ?? room.nx.targets.bundle) === undefined ? [] : ['-p', bench.project];
const build = spawnSync('nx', ['run-many', '-t', 'build', 'bundle', ...only], {
  cwd: root,
  encoding: 'utf8',
});
if (build.status !== 0) {
  console.error(build.stdout, build.stderr);
  process.exit(1);
}
// What it leaves in the temporary folder goes with it, also after Ctrl-C, which ends the benchmark alone.
const temp = mkdtempSync(join(tmpdir(), 'ringwatch-bench-'));
process.on('SIGINT', () => undefined);
const env = { ...process.env, TMPDIR: temp };
const run = spawnSync('node', [bench.path, ...args], { cwd: root, stdio: 'inherit', env });
rmSync(temp, { recursive: true, force: true, maxRetries: 3 });
process.exit(run.status ?? 1);
