// A real Consul for tests.
import { ensureConsul } from './programs.mjs';
import { dataFolder, freePort, startProcess } from './server-process.mjs';

const PROBE_TIMEOUT_MS = 1_000;
const PROBE_KEY = 'ringwatch-probe';

/**
 * Starts a Consul of one server.
 * @param options.port the HTTP port, to start one again where it was; default a free one
 * @param options.folder the caller's data folder: data outlives a restart. Default none: a dev agent, data in
 *   memory
 * @returns `{ url, port, pid, stop(), kill(), pause(), resume() }`, or `{ reason }` when there is no consul
 */
export async function startConsul({ port, folder } = {}) {
  const program = await ensureConsul();
  if (program.reason !== undefined) return program;
  const data = await dataFolder(folder, 'consul');
  const at = port ?? (await freePort());
  const url = `http://127.0.0.1:${at}`;
  const mode = data.fresh ? ['-dev'] : ['-server', '-bootstrap-expect=1', `-data-dir=${data.path}`];
  const server = await startProcess({
    path: program.path,
    folder: data,
    args: [
      'agent',
      ...mode,
      '-bind=127.0.0.1',
      '-client=127.0.0.1',
      `-http-port=${at}`,
      `-server-port=${await freePort()}`,
      `-serf-lan-port=${await freePort()}`,
      '-serf-wan-port=-1',
      '-dns-port=-1',
      '-grpc-port=-1',
      '-node=ringwatch-test',
      '-log-level=warn',
      '-hcl=disable_update_check = true',
      '-hcl=performance { raft_multiplier = 1 }', // Elects a leader in 1 s instead of 6 after a restart.
    ],
    probe: () => acceptsWrites(url),
  });
  return { url, port: at, ...server };
}

/** True when a KV write succeeds: a leader alone is known some time before it takes writes. */
async function acceptsWrites(url) {
  const signal = AbortSignal.timeout(PROBE_TIMEOUT_MS);
  const put = await fetch(`${url}/v1/kv/${PROBE_KEY}`, { method: 'PUT', body: '', signal });
  if (!put.ok) return false;
  return (await fetch(`${url}/v1/kv/${PROBE_KEY}`, { method: 'DELETE', signal })).ok;
}
