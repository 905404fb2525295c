// Gets programs from Debian packages on a bare machine, as root.
//
// 1. It uses the mirror that the machine itself is set up with, also for packages of another release.
// 2. Nothing here starts a service: a package with one is unpacked instead of installed.
// 3. Every failure comes back as an error with the command's last lines; the callers turn it into a reason.
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const COMMAND_TIMEOUT_MS = 300_000;
const LOCK_TIMEOUT_SECONDS = 120;
const SOURCES = ['/etc/apt/sources.list.d/debian.sources', '/etc/apt/sources.list'];

/** True when this process may install packages here. */
export function canInstall() {
  return (
    process.getuid?.() === 0 && existsSync('/usr/bin/apt-get') && SOURCES.some((path) => existsSync(path))
  );
}

/**
 * Installs `packages` without what they recommend, fetching the package lists only when apt does not know a
 * package.
 */
export async function install(packages) {
  const command = ['install', '-y', '--no-install-recommends', ...packages];
  try {
    await apt(command);
  } catch {
    await apt(['update', '-qq']);
    await apt(command);
  }
}

/**
 * Unpacks `packages` of the Debian release `suite` into `folder`, installing nothing. The folder appears
 * complete or not at all, so that two processes may do this at once.
 */
export async function unpackFrom(suite, packages, folder) {
  await mkdir(dirname(folder), { recursive: true });
  const work = await mkdtemp(`${folder}.`);
  try {
    const options = await optionsFor(suite, join(work, 'apt'));
    await apt([...options, 'update', '-qq']);
    const debs = join(work, 'debs');
    await mkdir(debs);
    await apt([...options, 'download', '-qq', ...packages], debs);
    for (const deb of await readdir(debs)) await run('dpkg', ['-x', join(debs, deb), join(work, 'root')]);
    await rename(join(work, 'root'), folder).catch((error) => {
      if (!existsSync(folder)) throw error; // Otherwise another process was faster, with the same content.
    });
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** Options that make apt see only `suite`, on the machine's own mirror, with lists of its own. */
async function optionsFor(suite, folder) {
  const parts = join(folder, 'parts');
  const lists = join(folder, 'lists');
  await mkdir(join(lists, 'partial'), { recursive: true });
  await mkdir(parts);
  const path = SOURCES.find((candidate) => existsSync(candidate));
  const text = await readFile(path, 'utf8');
  const deb822 = path.endsWith('.sources');
  const source = deb822 ? deb822Source(text, suite) : oneLineSource(text, suite);
  await writeFile(join(parts, deb822 ? 'suite.sources' : 'suite.list'), source);
  return [
    ['Dir::Etc::sourcelist', '/dev/null'],
    ['Dir::Etc::sourceparts', parts],
    ['Dir::State::lists', lists],
    ['Dir::Cache::pkgcache', ''],
    ['Dir::Cache::srcpkgcache', ''],
    ['APT::Sandbox::User', 'root'],
  ].flatMap(([name, value]) => ['-o', `${name}=${value}`]);
}

/** The first stanza with its suites replaced; later ones are security updates and other archives. */
export function deb822Source(text, suite) {
  const stanza = text.split(/\n\s*\n/).find((part) => /^URIs:/m.test(part) && /^Suites:/m.test(part));
  if (stanza === undefined) throw new Error('no Debian source is set up');
  return `${stanza.replace(/^Suites:.*$/m, `Suites: ${suite}`)}\n`;
}

/** The first `deb` line with its suite replaced. */
export function oneLineSource(text, suite) {
  const line = text
    .split('\n')
    .find((candidate) => /^deb\s/.test(candidate) && !candidate.includes('security'));
  if (line === undefined) throw new Error('no Debian source is set up');
  return `${line.replace(/^(deb\s+(?:\[[^\]]*\]\s+)?\S+\s+)\S+.*$/, `$1${suite} main`)}\n`;
}

async function apt(command, cwd = '/') {
  const options = ['-o', `DPkg::Lock::Timeout=${LOCK_TIMEOUT_SECONDS}`, '-o', 'Acquire::Retries=3'];
  try {
    await run('apt-get', [...options, ...command], {
      cwd,
      timeout: COMMAND_TIMEOUT_MS,
      maxBuffer: 64 * 1024 * 1024,
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    });
  } catch (error) {
    const tail = String(error.stderr ?? error.message)
      .trim()
      .split('\n')
      .slice(-3)
      .join(' ');
    throw new Error(`apt-get ${command.slice(-3).join(' ')} failed: ${tail}`, { cause: error });
  }
}
