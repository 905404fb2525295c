// What `npm start` asks of the network before it starts anything: which ports are free, and whether a named
// server is there.
import { createConnection, createServer } from 'node:net';

const PROBE_MS = 5_000;
const PROBE_INTERVAL_MS = 200;
const PORT_MAX = 65_535;
/** Between a standard port and the next one that is tried. */
const PORT_STEP = 10;

/** The port of each door where nothing else is in the way; `npm start -- --port-base N` counts from N on. */
export const DEFAULT_PORTS = {
  broker: 7101,
  brokerGrpc: 7102,
  sync: 7201,
  syncGrpc: 7202,
  gateway: 7301,
  agent: 7401,
};

/** True as soon as something accepts connections at the URL's host and port; false after 5 s. */
export async function answers(url, defaultPort) {
  const { hostname, port } = new URL(url);
  const address = { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port) || defaultPort };
  const untilMs = performance.now() + PROBE_MS;
  do {
    if (await connects(address)) return true;
    await new Promise((done) => setTimeout(done, PROBE_INTERVAL_MS));
  } while (performance.now() < untilMs);
  return false;
}

function connects(address) {
  return new Promise((done) => {
    const socket = createConnection({ ...address, timeout: 1_000 });
    const end = (result) => {
      socket.destroy();
      done(result);
    };
    socket
      .on('connect', () => end(true))
      .on('error', () => end(false))
      .on('timeout', () => end(false));
  });
}

/** True when the port can be bound on loopback. */
function isFree(port) {
  return new Promise((done) => {
    const server = createServer();
    server.on('error', () => done(false));
    server.listen(port, '127.0.0.1', () => server.close(() => done(true)));
  });
}

/**
 * A port for each door: from `portBase` on where it is given, else the defaults or others that are free.
 * @throws when a port above `portBase` is taken.
 */
export async function choosePorts(portBase) {
  const ports = {};
  const taken = new Set();
  for (const [i, [door, standard]] of Object.entries(DEFAULT_PORTS).entries()) {
    let port = portBase === undefined ? standard : portBase + i;
    while (taken.has(port) || !(await isFree(port))) {
      if (portBase !== undefined) {
        throw new Error(
          `port ${port} is taken. Give --port-base another number (it uses six ports from there on), ` +
            'or leave it out to take free ones.',
        );
      }
      port += PORT_STEP;
      if (port > PORT_MAX) throw new Error(`no port is free for ${door}`);
    }
    taken.add(port);
    ports[door] = port;
  }
  return ports;
}
