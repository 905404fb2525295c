// One server process of a test: started on a free port with data in a fresh folder, stopped by its pid.
//
// 1. `start` resolves only when the server answers its probe.
// 2. No server outlives this process: what still runs at exit is killed.
// 3. A folder that was made here is removed by `stop`; a folder that the caller gave is the caller's.
import { spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

const READY_TIMEOUT_MS = 15_000;
const PROBE_INTERVAL_MS = 20;
const STOP_TIMEOUT_MS = 5_000;
const OUTPUT_LINES_KEPT = 20;

/** A port of the loopback interface that nothing listens on. */
export function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

/** The folder that the caller gave, or a fresh one that `stop` removes. */
export async function dataFolder(given, name) {
  if (given !== undefined) {
    await mkdir(given, { recursive: true });
    return { path: given, fresh: false };
  }
  return { path: await mkdtemp(join(tmpdir(), `ringwatch-${name}-`)), fresh: true };
}

/**
 * Runs `path args` until `probe()` resolves true.
 * @returns `{ pid, kill(), pause(), resume(), stop() }`; all but pause and resume wait until the process is
 *   gone.
 * @throws with the server's last output when it ends early or does not answer in time.
 */
export async function startProcess({ path, args, probe, folder }) {
  const child = spawn(path, args, { cwd: folder.path, stdio: ['ignore', 'pipe', 'pipe'] });
  const output = [];
  const keep = (chunk) => {
    output.push(...String(chunk).split('\n').filter(Boolean));
    output.splice(0, output.length - OUTPUT_LINES_KEPT);
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  const gone = new Promise((resolve) => {
    child.once('error', (error) => resolve(keep(error.message)));
    child.once('exit', resolve);
  });
  let ended = false;
  const killAtExit = () => {
    child.kill('SIGKILL');
    if (folder.fresh) rmSync(folder.path, { recursive: true, force: true });
  };
  process.once('exit', killAtExit);
  void gone.then(() => (ended = true));

  const end = async (signal) => {
    child.kill(signal);
    child.kill('SIGCONT'); // A paused server would not see the signal.
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
    await gone;
    clearTimeout(timer);
    process.removeListener('exit', killAtExit);
  };
  const stop = async () => {
    await end('SIGTERM');
    if (folder.fresh) await rm(folder.path, { recursive: true, force: true });
  };

  const deadlineMs = Date.now() + READY_TIMEOUT_MS;
  while (!(await probe().catch(() => false))) {
    if (ended || Date.now() > deadlineMs) {
      await stop();
      throw new Error(`${path} ${ended ? 'ended' : 'does not answer'}: ${output.slice(-5).join(' | ')}`);
    }
    await delay(PROBE_INTERVAL_MS);
  }
  return {
    pid: child.pid,
    kill: () => end('SIGKILL'),
    pause: () => child.kill('SIGSTOP'),
    resume: () => child.kill('SIGCONT'),
    stop,
  };
}
