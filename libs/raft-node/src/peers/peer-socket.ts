/**
 * Where sockets between processes are made, and nowhere else: whoever wants them encrypted has one place to
 * do it. Small packets leave at once; a connection whose other end has vanished is noticed by keep-alive.
 */
import { connect, createServer, type Server, type Socket } from 'node:net';
import { Fault } from '@ringwatch/kernel';

const KEEP_ALIVE_MS = 10_000;

/** A host and a port. */
export interface PeerAddress {
  readonly host: string;
  readonly port: number;
}

/** `host:port`, an IPv6 host in brackets. @throws {Fault} `invalid_argument` for anything else. */
export function parseAddress(address: string): PeerAddress {
  const [, ipv6, name, digits] = /^(?:\[([\da-fA-F:.]+)\]|([^:[\]/\s]+)):(\d{1,5})$/.exec(address) ?? [];
  const host = ipv6 ?? name;
  const port = Number(digits);
  if (host === undefined || port < 1 || port > 65_535) {
    throw new Fault('invalid_argument', `${JSON.stringify(address)} is not host:port`);
  }
  return { host, port };
}

export function formatAddress({ host, port }: PeerAddress): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

export function dialPeer({ host, port }: PeerAddress): Socket {
  return connect({ host, port, noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_MS });
}

/** A server that is not listening yet. */
export function peerServer(connectionsMax: number, onSocket: (socket: Socket) => void): Server {
  const options = { noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_MS };
  const server = createServer(options, onSocket);
  server.maxConnections = connectionsMax;
  return server;
}
