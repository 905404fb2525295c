// A real etcd cluster for benchmarks that compare with it; `npm test` starts none.
import { ensureEtcd } from './programs.mjs';
import { dataFolder, freePort, startProcess } from './server-process.mjs';

const PROBE_TIMEOUT_MS = 1_000;

/**
 * Starts an etcd of several members on this machine, each with data in a fresh folder and etcd's defaults
 * for everything that is not given here.
 * @param options.size members; default 3
 * @param options.heartbeatMs default 100, as etcd's own
 * @param options.electionMs default 1000, as etcd's own
 * @returns `{ members, stop() }`, a member being `{ url, port, pid, kill(), pause(), resume(), stop() }`, or
 *   `{ reason }` when there is no etcd
 */
export async function startEtcd({ size = 3, heartbeatMs = 100, electionMs = 1_000 } = {}) {
  const program = await ensureEtcd();
  if (program.reason !== undefined) return program;
  const plans = [];
  for (let i = 0; i < size; i++) {
    plans.push({ name: `member-${i}`, port: await freePort(), peerPort: await freePort() });
  }
  const cluster = plans.map(({ name, peerPort }) => `${name}=${urlOf(peerPort)}`).join(',');
  const timing = [`--heartbeat-interval=${heartbeatMs}`, `--election-timeout=${electionMs}`];
  // Together: a member answers only when a majority is there.
  const started = await Promise.allSettled(
    plans.map((plan) => startMember(program.path, plan, [`--initial-cluster=${cluster}`, ...timing])),
  );
  const members = started.filter(({ status }) => status === 'fulfilled').map(({ value }) => value);
  const stop = async () => {
    // Nobody needs the data, and the last member would wait for the others before it ends in order.
    await Promise.all(members.map((member) => member.kill()));
    await Promise.all(members.map((member) => member.stop()));
  };
  const failed = started.find(({ status }) => status === 'rejected');
  if (failed !== undefined) {
    await stop();
    throw failed.reason;
  }
  return { members, stop };
}

async function startMember(path, { name, port, peerPort }, args) {
  const data = await dataFolder(undefined, 'etcd');
  const url = urlOf(port);
  const server = await startProcess({
    path,
    folder: data,
    args: [
      `--name=${name}`,
      `--data-dir=${data.path}`,
      `--listen-client-urls=${url}`,
      `--advertise-client-urls=${url}`,
      `--listen-peer-urls=${urlOf(peerPort)}`,
      `--initial-advertise-peer-urls=${urlOf(peerPort)}`,
      '--initial-cluster-state=new',
      '--logger=zap',
      '--log-level=error',
      ...args,
    ],
    probe: () => isHealthy(url),
  });
  return { url, port, ...server };
}

/** True when the member answers a linearizable read, for which it needs a leader. */
async function isHealthy(url) {
  const answer = await fetch(`${url}/health`, { signal: AbortSignal.timeout(PROBE_TIMEOUT_MS) });
  return answer.ok && (await answer.json()).health === 'true';
}

function urlOf(port) {
  return `http://127.0.0.1:${port}`;
}
