// Runs the whole system on this machine: config-sync, one broker, the gateway with its page, and an agent
// that reports this machine's own metrics. Nothing else is needed; --redis and --consul put it on real
// servers. `npm start -- --help` prints the flags.
//
// 1. Everything binds loopback. Ports are port-base … port-base + 5 when it is given, else the first free
//    ones.
// 2. A URL that is given is probed for 5 s; if nothing answers, this exits 69 and starts nothing. It never
//    falls back.
// 3. Ctrl-C stops the agent first and config-sync last, each by its process id, and waits for all of them.
//    When one ends by itself, the others are stopped too. When this is killed, the apps end by themselves.
// 4. URLs reach the apps by environment, because they may hold passwords and arguments can be read by all.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { launch } from './launch/app-process.mjs';
import { answers, choosePorts } from './launch/ports.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const USAGE = `usage: npm start -- [--port-base N] [--demo N] [--redis URL] [--consul URL] [--data DIR]

  --port-base N   use the ports N to N + 5; without it 7101, 7102, 7201, 7202, 7301 and 7401,
                  or others where these are taken
  --demo N        report N made-up hosts besides this machine (0 to 1000)
  --redis URL     keep reports and a copy of the configuration in this Redis;
                  without it reports go to an embedded store
  --consul URL    keep the configuration in this Consul; without it config-sync keeps it
  --data DIR      folder of all data and logs; default .ringwatch in the checkout
  --help          print this

A URL with a password is better given as RINGWATCH_REDIS_URL or RINGWATCH_CONSUL_URL: arguments can be
read by everybody on the machine.`;
const EXIT_USAGE = 64;
const EXIT_UNAVAILABLE = 69;
const START_MS = 20_000;
const STOP_MS = 15_000;
/** A build that takes longer is announced. */
const QUIET_BUILD_MS = 2_000;
const PARENT_CHECK_MS = 1_000;
const APPS = ['config-sync', 'broker', 'visualization-gateway', 'agent'];
/** Set below for each app; what this process inherited must not decide between stores. */
const URL_VARIABLES = ['RINGWATCH_REDIS_URL', 'RINGWATCH_CONFIG_REDIS_URL', 'RINGWATCH_CONSUL_URL'];

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
        help: { type: 'boolean', default: false },
      },
    });
    if (values.help) {
      console.log(USAGE);
      process.exit(0);
    }
    const demo = Number(values.demo);
    if (!Number.isInteger(demo) || demo < 0 || demo > 1_000) throw new Error('--demo takes 0 to 1000');
    const portBase = values['port-base'] === undefined ? undefined : Number(values['port-base']);
    if (portBase !== undefined && !(Number.isInteger(portBase) && portBase >= 1_024 && portBase <= 65_000)) {
      throw new Error('--port-base takes 1024 to 65000');
    }
    const redis = values.redis ?? process.env.RINGWATCH_REDIS_URL;
    const consul = values.consul ?? process.env.RINGWATCH_CONSUL_URL;
    return { demo, portBase, redis, consul, data: resolve(values.data) };
  } catch (error) {
    return fail(EXIT_USAGE, `${error.message}\n${USAGE}`);
  }
}

async function requireServers({ redis, consul }) {
  const probes = [
    ['Redis', '--redis', redis, 6379],
    ['Consul', '--consul', consul, 8500],
  ].filter(([, , url]) => url !== undefined);
  for (const [name, flag, url, port] of probes) {
    if (!URL.canParse(url)) fail(EXIT_USAGE, `${flag} is not a URL\n${USAGE}`);
    if (!(await answers(url, port))) {
      fail(
        EXIT_UNAVAILABLE,
        `${name} does not answer at ${withoutSecrets(url)}. Start it, or leave ${flag} out to use the ` +
          'embedded store.',
      );
    }
  }
}

/** A URL as it may be shown: without user and password. */
function withoutSecrets(url) {
  if (url === undefined) return undefined;
  const { protocol, host } = new URL(url);
  return `${protocol}//${host}`;
}

/** Brings the bundles up to date; says so only where it takes a while, or fails. */
async function bundle() {
  const built = APPS.every((app) => existsSync(join(root, 'apps', app, 'bundle', 'main.js')));
  const announce = () => console.log('ringwatch: building the apps …');
  const timer = setTimeout(announce, built ? QUIET_BUILD_MS : 0);
  const args = ['run-many', '-t', 'bundle', '-p', APPS.join(','), '--output-style=static'];
  const build = spawn('nx', args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [build.stdout, build.stderr]) stream.on('data', (chunk) => (output += chunk));
  const code = await new Promise((done) => build.on('error', done).on('close', done));
  clearTimeout(timer);
  if (code !== 0) fail(1, `the apps could not be built\n${output}`);
}

/** Each app with its flags and its URLs, in the order of starting. */
function commands({ demo, redis, consul, data }, ports) {
  const local = (port) => `127.0.0.1:${port}`;
  const consulUrl = consul ?? `http://${local(ports.sync)}`;
  const brokers = ['--brokers', local(ports.brokerGrpc)];
  const store = `store=${redis === undefined ? 'embedded' : 'redis'}`;
  const config = `config=${consul === undefined ? 'embedded' : 'consul'}`;
  const apps = [
    {
      app: 'config-sync',
      args: ['--http-port', ports.sync, '--grpc-port', ports.syncGrpc],
      urls: { RINGWATCH_CONSUL_URL: consul, RINGWATCH_REDIS_URL: redis },
    },
    {
      app: 'broker',
      args: ['--http-port', ports.broker, '--grpc-port', ports.brokerGrpc],
      urls: { RINGWATCH_CONSUL_URL: consulUrl, RINGWATCH_REDIS_URL: redis },
    },
    {
      app: 'visualization-gateway',
      args: ['--http-port', ports.gateway, ...brokers, '--backends', store, '--backends', config],
      urls: { RINGWATCH_CONSUL_URL: consulUrl, RINGWATCH_CONFIG_REDIS_URL: redis },
    },
    { app: 'agent', args: ['--http-port', ports.agent, ...brokers, '--demo', demo], urls: {} },
  ];
  const inherited = Object.entries(process.env).filter(([name]) => !URL_VARIABLES.includes(name));
  return apps.map(({ app, args, urls }) => {
    const given = Object.entries(urls).filter(([, url]) => url !== undefined);
    const env = Object.fromEntries([...inherited, ...given]);
    return { app, args: [...args, '--data-dir', join(data, app)], env };
  });
}

const options = readOptions();
await requireServers(options);
const ports = await choosePorts(options.portBase).catch((error) => fail(EXIT_UNAVAILABLE, error.message));
await bundle();
mkdirSync(options.data, { recursive: true });
let locked = false;
const running = commands(options, ports).map(({ app, args, env }) =>
  launch(app, { root, data: options.data, args, env, onLocked }),
);

/** Said once, although each app finds its own folder locked. */
function onLocked(detail) {
  if (locked) return;
  locked = true;
  const holder = /process \d+$/.exec(detail)?.[0] ?? 'another process';
  console.error(
    `ringwatch: ${options.data} is in use by ${holder}. Stop that one first, or give this start a folder ` +
      'of its own with --data DIR.',
  );
  void stop(EXIT_UNAVAILABLE);
}

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
    for (const { log } of running) log.flush();
    process.exit(code);
  })();
  return stopping;
}
process.on('SIGINT', () => void stop(0));
process.on('SIGTERM', () => void stop(0));
process.on('SIGHUP', () => void stop(0));
if (Number(process.env.RINGWATCH_RUN_PID) === process.ppid) {
  const parent = process.ppid;
  setInterval(() => process.ppid !== parent && void stop(1), PARENT_CHECK_MS).unref();
}
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
  for (const { log } of running) log.flush();
  console.error(`ringwatch: not everything started within ${START_MS / 1_000} s; see ${options.data}/*.log`);
  await stop(1);
} else if (up.every(Boolean)) {
  for (const { log } of running) log.begin();
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
