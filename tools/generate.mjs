// Writes everything in the tree that a program writes: the protocol's code and the configuration reference.
// `--check` writes nothing and fails when a file differs.
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { configurationPage, readConfiguration } from './configuration.ts';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const check = process.argv.includes('--check');

/** Paths below `folder`, relative to it, sorted. */
function filesBelow(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .sort();
}

/** Generates the protocol's code, into the tree or into a scratch copy that is then compared with it. */
function protocol() {
  const contracts = join(root, 'libs/contracts');
  if (!check) {
    execFileSync('buf', ['generate'], { cwd: contracts, stdio: 'inherit' });
    return [];
  }
  const scratch = mkdtempSync(join(tmpdir(), 'ringwatch-generate-'));
  try {
    for (const name of ['proto', 'buf.yaml', 'buf.gen.yaml'])
      cpSync(join(contracts, name), join(scratch, name), { recursive: true });
    execFileSync('buf', ['generate'], { cwd: scratch, stdio: 'inherit' });
    return differences(join(scratch, 'src/gen'), join(contracts, 'src/gen'));
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** Files that only one folder has or that differ. */
function differences(generated, committed) {
  const names = new Set([...filesBelow(generated), ...filesBelow(committed)]);
  const text = (folder, name) =>
    existsSync(join(folder, name)) ? readFileSync(join(folder, name), 'utf8') : undefined;
  return [...names]
    .filter((name) => text(generated, name) !== text(committed, name))
    .map((name) => join(committed, name));
}

/** Writes the configuration reference, or compares it. */
async function configuration() {
  const path = join(root, 'docs/configuration.md');
  const page = configurationPage(await readConfiguration());
  if (!check) writeFileSync(path, page);
  return existsSync(path) && readFileSync(path, 'utf8') === page ? [] : [path];
}

const stale = [...protocol(), ...(await configuration())];
for (const path of stale)
  console.error(`generate: ${relative(root, path)} differs from its source (run node tools/generate.mjs)`);
process.exit(stale.length === 0 ? 0 : 1);
