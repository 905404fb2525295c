/**
 * A TCP way to a server that a test can cut and restore: an outage as clients see it, on a server that is
 * shared.
 */
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

export interface Plug {
  /** URL of the server by this way. */
  readonly url: string;
  /** Ends all connections and refuses new ones. */
  pull(): Promise<void>;
  /** Takes connections again, at the same port. */
  push(): Promise<void>;
  close(): Promise<void>;
}

/** Opens a way to the server at `target`. */
export async function plugTo(target: string): Promise<Plug> {
  const { protocol, hostname, port } = new URL(target);
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    const far = connect(Number(port), hostname);
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        sockets.delete(socket);
        near.destroy();
        far.destroy();
      });
    }
    near.pipe(far).pipe(near);
  });
  const listen = (at: number): Promise<void> =>
    new Promise((resolve) => server.listen(at, '127.0.0.1', resolve));
  await listen(0);
  const { port: own } = server.address() as AddressInfo;
  const pull = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve());
      for (const socket of sockets) socket.destroy();
    });
  return {
    url: `${protocol}//127.0.0.1:${own}`,
    pull,
    push: () => listen(own),
    close: () => (server.listening ? pull() : Promise.resolve()),
  };
}
