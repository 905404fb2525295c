// A real Redis for tests.
import { connect } from 'node:net';
import { ensureRedis } from './programs.mjs';
import { dataFolder, freePort, startProcess } from './server-process.mjs';

const PROBE_TIMEOUT_MS = 1_000;

/**
 * Starts a Redis.
 * @param options.port the port, to start one again where it was; default a free one
 * @param options.folder the caller's data folder, kept by `stop`; default a fresh one
 * @param options.durable true keeps data over a restart in that folder (AOF, every write synced); default
 *   false
 * @param options.args further arguments of redis-server
 * @returns `{ url, port, pid, stop(), kill(), pause(), resume() }`, or `{ reason }` when there is no
 *   redis-server
 */
export async function startRedis({ port, folder, durable = false, args = [] } = {}) {
  const program = await ensureRedis();
  if (program.reason !== undefined) return program;
  const data = await dataFolder(folder, 'redis');
  const at = port ?? (await freePort());
  const persistence = durable ? ['--appendonly', 'yes', '--appendfsync', 'always'] : ['--appendonly', 'no'];
  const server = await startProcess({
    path: program.path,
    folder: data,
    args: [
      '--port',
      String(at),
      '--bind',
      '127.0.0.1',
      '--dir',
      data.path,
      '--save',
      '',
      ...persistence,
      ...args,
    ],
    probe: () => answersPing(at),
  });
  return { url: `redis://127.0.0.1:${at}`, port: at, ...server };
}

/** True when the server on `port` answers PONG; a server that still loads its data answers LOADING. */
function answersPing(port) {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1', timeout: PROBE_TIMEOUT_MS });
    const done = (answer) => {
      socket.destroy();
      resolve(answer);
    };
    socket.on('connect', () => socket.write('PING\r\n'));
    socket.on('data', (chunk) => done(String(chunk).startsWith('+PONG')));
    socket.on('timeout', () => done(false));
    socket.on('error', () => done(false));
  });
}
