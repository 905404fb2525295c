// Finds the programs that tests need, and gets those that are missing on a Debian machine where this runs as
// root.
//
// 1. A program on PATH wins; nothing is fetched for it.
// 2. Nothing here throws: a program that cannot be had is `{ reason }`, which says how to get it.
import { accessSync, constants } from 'node:fs';
import { mkdir, symlink } from 'node:fs/promises';
import { homedir } from 'node:os';
import { delimiter, isAbsolute, join } from 'node:path';
import { canInstall, install, unpackFrom } from './debian.mjs';

/**
 * Debian 11 is the last release with a Consul package. It needs only libc, so it runs on later releases as it
 * is.
 */
const CONSUL_SUITE = 'bullseye';
const CONSUL_VERSION = '1.8.7';

/** Debian 12 is the last release with an etcd 3.4; its package needs only libc. */
const ETCD_SUITE = 'bookworm';
const ETCD_VERSION = '3.4';

const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'ringwatch');

/** `{ path }` of redis-server, or `{ reason }`. */
export function ensureRedis() {
  const link = join(cache, 'bin', 'redis-server');
  return ensure(
    ['redis-server', link],
    'install redis-server (>= 7), or set RINGWATCH_TEST_REDIS_URL',
    async () => {
      // The server's program is in redis-tools under another name; the package redis-server adds a service on
      // port 6379.
      await install(['redis-tools']);
      await mkdir(join(cache, 'bin'), { recursive: true });
      await symlink('/usr/bin/redis-check-rdb', link).catch(ignoreExisting);
      return link;
    },
  );
}

/** `{ path }` of consul, or `{ reason }`. */
export function ensureConsul() {
  const folder = join(cache, `consul-${CONSUL_VERSION}`);
  const path = join(folder, 'usr', 'bin', 'consul');
  const cure = `install consul (${CONSUL_VERSION} or later), or set RINGWATCH_TEST_CONSUL_URL`;
  return ensure(['consul', path], cure, async () => {
    await unpackFrom(CONSUL_SUITE, ['consul'], folder);
    return path;
  });
}

/** `{ path }` of etcd, or `{ reason }`. */
export function ensureEtcd() {
  const folder = join(cache, `etcd-${ETCD_VERSION}`);
  const path = join(folder, 'usr', 'bin', 'etcd');
  return ensure(['etcd', path], `install etcd-server (${ETCD_VERSION} or later)`, async () => {
    // The package adds a service on ports 2379 and 2380, so it is unpacked.
    await unpackFrom(ETCD_SUITE, ['etcd-server'], folder);
    return path;
  });
}

/** `{ path }` of a Chromium or Chrome, or `{ reason }`. */
export function ensureChromium() {
  return ensure(['chromium', 'chromium-browser', 'google-chrome'], 'install chromium', async () => {
    await install(['chromium']);
    return '/usr/bin/chromium';
  });
}

/** `{ path }` of strace, or `{ reason }`. */
export function ensureStrace() {
  return ensure(['strace'], 'install strace', async () => {
    await install(['strace']);
    return '/usr/bin/strace';
  });
}

/**
 * The first of `names` (a program on PATH, or an absolute path of an earlier fetch), else what `fetch` gets.
 */
async function ensure(names, cure, fetch) {
  const found = names.map(located).find((path) => path !== undefined);
  if (found !== undefined) return { path: found };
  if (!canInstall()) return { reason: `${names[0]} is not on PATH: ${cure}` };
  try {
    console.error(`ringwatch: getting ${names[0]} (once) …`);
    const path = await fetch();
    accessSync(path, constants.X_OK);
    return { path };
  } catch (error) {
    return { reason: `${names[0]} could not be had (${error.message}): ${cure}` };
  }
}

function located(name) {
  const folders = isAbsolute(name) ? [''] : (process.env.PATH ?? '').split(delimiter);
  for (const folder of folders) {
    const path = join(folder, name);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // The next folder.
    }
  }
  return undefined;
}

function ignoreExisting(error) {
  if (error.code !== 'EEXIST') throw error;
}
