// Runs the whole system on this machine: config-sync, one broker, the gateway with its page, and an agent
// that reports this machine's own metrics. Nothing else is needed; --redis and --consul put it on real
// servers.
//
// usage: npm start -- [--port-base N] [--demo N] [--redis URL] [--consul URL] [--data DIR]
//
// 1. Everything binds loopback. Ports are port-base … port-base + 5 when it is given, else the first free
//    ones.
// 2. A URL that is given is probed for 5 s; if nothing answers, this exits 69 and starts nothing. It never
//    falls back.
// 3. Ctrl-C stops the agent first and config-sync last, each by its process id, and waits for all of them.
//    When one ends by itself, the others are stopped too.
import { spawn, spawnSync } from 'node:child_process';
import { createWriteStream, mkdirSync } from 'node:fs';
import { createConnection, createServer } from 'node:net';
import { dirname, join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const USAGE = 'usage: npm start -- [--port-base N] [--demo N] [--redis URL] [--consul URL] [--data DIR]';
const EXIT_USAGE = 64;
const EXIT_UNAVAILABLE = 69;
const PROBE_MS = 5_000;
const START_MS = 20_000;
const STOP_MS = 15_000;
const DEFAULT_PORTS = {
  broker: 7101,
  brokerGrpc: 7102,
  sync: 7201,
  syncGrpc: 7202,
  gateway: 7301,
  agent: 7401,
};
const APPS = ['config-sync', 'broker', 'visualization-gateway', 'agent'];

/** Says what went wrong and ends before anything runs. */
function fail(code, message) {
  console.error(`ringwatch: ${message}`);
  process.exit(code);
}

function readOptions() {
  try {
    const { values } = parseArgs({
      options: {
        'port-base': { type: 'string' },
        demo: { type: 'string', default: '0' },
        redis: { type: 'string' },
        consul: { type: 'string' },
        data: { type: 'string', default: join(root, '.ringwatch') },
      },
    });
    const demo = Number(values.demo);
    if (!Number.isInteger(demo) || demo < 0 || demo > 1_000) throw new Error('--demo takes 0 to 1000');
    const portBase = values['port-base'] === undefined ? undefined : Number(values['port-base']);
    if (portBase !== undefined && !(Number.isInteger(portBase) && portBase >= 1_024 && portBase <= 65_000)) {
      throw new Error('--port-base takes 1024 to 65000');
    }
    return { demo, portBase, redis: values.redis, consul: values.consul, data: resolve(values.data) };
  } catch (error) {
    return fail(EXIT_USAGE, `${error.message}\n${USAGE}`);
  }
}

/** True as soon as something accepts connections at the URL's host and port; false after {@link PROBE_MS}. */
async function answers(url, defaultPort) {
  const { hostname, port } = new URL(url);
  const untilMs = performance.now() + PROBE_MS;
  do {
    const connected = await new Promise((done) => {
      const socket = createConnection({
        host: hostname.replace(/^\[|\]$/g, ''),
        port: Number(port) || defaultPort,
        timeout: 1_000,
      });
      const end = (result) => {
        socket.destroy();
        done(result);
      };
      socket
        .on('connect', () => end(true))
        .on('error', () => end(false))
        .on('timeout', () => end(false));
    });
    if (connected) return true;
    await new Promise((done) => setTimeout(done, 200));
  } while (performance.now() < untilMs);
  return false;
}

async function requireServers({ redis, consul }) {
  const probes = [
    ['Redis', '--redis', redis, 6379],
    ['Consul', '--consul', consul, 8500],
  ].filter(([, , url]) => url !== undefined);
  for (const [name, flag, url, port] of probes) {
    if (!URL.canParse(url)) fail(EXIT_USAGE, `${flag} is not a URL: ${url}`);
    if (!(await answers(url, port))) {
      fail(
        EXIT_UNAVAILABLE,
        `${name} does not answer at ${url}. Start it, or leave ${flag} out to use the embedded store.`,
      );
    }
  }
}

/** True when the port can be bound on loopback. */
function isFree(port) {
  return new Promise((done) => {
    const server = createServer();
    server.on('error', () => done(false));
    server.listen(port, '127.0.0.1', () => server.close(() => done(true)));
  });
}

/** A port for each door: the defaults where they are free, else others that are. */
async function choosePorts(portBase) {
  const ports = {};
  const taken = new Set();
  for (const [i, [door, standard]] of Object.entries(DEFAULT_PORTS).entries()) {
    let port = portBase === undefined ? standard : portBase + i;
    while (taken.has(port) || !(await isFree(port))) {
      if (portBase !== undefined) fail(EXIT_UNAVAILABLE, `port ${port} is taken (--port-base ${portBase})`);
      port += 10;
    }
    taken.add(port);
    ports[door] = port;
  }
  return ports;
}

/** A URL as it may be shown: without user and password. */
function withoutSecrets(url) {
  if (url === undefined) return undefined;
  const { protocol, host } = new URL(url);
  return `${protocol}//${host}`;
}

/** Brings the bundles up to date; silent unless it fails. */
function bundle() {
  const args = ['run-many', '-t', 'bundle', '-p', APPS.join(','), '--output-style=static'];
  const built = spawnSync('nx', args, { cwd: root, encoding: 'utf8' });
  if (built.status !== 0) fail(1, `the apps could not be built\n${built.stdout}${built.stderr}`);
}

/** Flags of each app, in the order of starting. */
function commands({ demo, redis, consul, data }, ports) {
  const local = (port) => `127.0.0.1:${port}`;
  const consulUrl = consul ?? `http://${local(ports.sync)}`;
  const dir = (app) => ['--data-dir', join(data, app)];
  const store = redis === undefined ? 'embedded' : 'redis';
  const config = consul === undefined ? 'embedded' : 'consul';
  const redisFlag = (flag) => (redis === undefined ? [] : [flag, redis]);
  return [
    [
      'config-sync',
      [
        '--http-port',
        ports.sync,
        '--grpc-port',
        ports.syncGrpc,
        ...dir('config-sync'),
        ...(consul ? ['--consul-url', consul] : []),
        ...redisFlag('--redis-url'),
      ],
    ],
    [
      'broker',
      [
        '--http-port',
        ports.broker,
        '--grpc-port',
        ports.brokerGrpc,
        ...dir('broker'),
        '--consul-url',
        consulUrl,
        ...redisFlag('--redis-url'),
      ],
    ],
    [
      'visualization-gateway',
      [
        '--http-port',
        ports.gateway,
        '--brokers',
        local(ports.brokerGrpc),
        ...dir('visualization-gateway'),
        '--consul-url',
        consulUrl,
        ...redisFlag('--config-redis-url'),
        '--backends',
        `store=${store}`,
        '--backends',
        `config=${config}`,
      ],
    ],
    [
      'agent',
      ['--http-port', ports.agent, '--brokers', local(ports.brokerGrpc), ...dir('agent'), '--demo', demo],
    ],
  ];
}

/** One app as a child; its log goes to a file, its warnings to the terminal. */
function launch(app, args, data) {
  const main = join(root, 'apps', app, 'bundle', 'main.js');
  const child = spawn('node', ['--enable-source-maps', main, ...args.map(String)], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const log = createWriteStream(join(data, `${app}.log`), { flags: 'a' });
  const ended = new Promise((done) => child.on('close', (code, signal) => done(code ?? signal)));
  const listening = new Promise((done) => {
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on('line', (line) => {
        log.write(`${line}\n`);
        if (line.includes('"msg":"listening"')) done(true);
        if (line.startsWith('{"level":"error"') || !line.startsWith('{')) console.error(`${app}: ${line}`);
      });
    }
    void ended.then(() => done(false));
  });
  return { app, child, ended, listening };
}

const options = readOptions();
await requireServers(options);
const ports = await choosePorts(options.portBase);
bundle();
mkdirSync(options.data, { recursive: true });
const running = commands(options, ports).map(([app, args]) => launch(app, args, options.data));

let stopping;
/** Stops every app, the last started first, and ends with `code`. */
function stop(code) {
  stopping ??= (async () => {
    for (const { app, child, ended } of running.toReversed()) {
      child.kill('SIGTERM');
      const killer = setTimeout(() => {
        console.error(`ringwatch: ${app} does not stop; killing it`);
        child.kill('SIGKILL');
      }, STOP_MS);
      await ended;
      clearTimeout(killer);
    }
    process.exit(code);
  })();
  return stopping;
}
process.on('SIGINT', () => void stop(0));
process.on('SIGTERM', () => void stop(0));
process.on('SIGHUP', () => void stop(0));
for (const { app, ended } of running) {
  void ended.then((how) => {
    if (stopping !== undefined) return;
    console.error(`ringwatch: ${app} ended by itself (${how}); see ${join(options.data, `${app}.log`)}`);
    void stop(1);
  });
}

const late = new Promise((done) => setTimeout(() => done('late'), START_MS).unref());
const up = await Promise.race([Promise.all(running.map(({ listening }) => listening)), late]);
if (up === 'late') {
  console.error(`ringwatch: not everything started within ${START_MS / 1_000} s; see ${options.data}/*.log`);
  await stop(1);
} else if (up.every(Boolean)) {
  const { redis, consul, data, demo } = options;
  const url = (port) => `http://127.0.0.1:${port}`;
  const embedded = `embedded store in ${data}`;
  const copy = redis === undefined ? '' : ', fast copy in Redis';
  const synthetic = demo > 0 ? ` and ${demo} synthetic hosts` : '';
  console.log(`
  ringwatch is running. Ctrl-C stops it.

    reports        ${withoutSecrets(redis) ?? embedded}
    configuration  ${withoutSecrets(consul) ?? embedded}${copy}

    broker         ${url(ports.broker)}   gRPC 127.0.0.1:${ports.brokerGrpc}
    config-sync    ${url(ports.sync)}   gRPC 127.0.0.1:${ports.syncGrpc}
    gateway        ${url(ports.gateway)}   REST under /api/v1, live under /live
    agent          ${url(ports.agent)}   this machine${synthetic}

  Open ${url(ports.gateway)}/
`);
}
