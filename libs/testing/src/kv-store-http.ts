/** The embedded store behind a bare HTTP server, as an app mounts it. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { handleKvRequest, type EmbeddedKv } from '@ringwatch/consul-client';

/** Serves `kv` on a free loopback port. */
export async function serveKv(kv: EmbeddedKv): Promise<{ readonly url: string; close(): Promise<void> }> {
  const server = createServer((request, response) => void answer(kv, request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function answer(kv: EmbeddedKv, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const gone = new AbortController();
  response.on('close', () => gone.abort());
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost');
  const { status, headers, body } = await handleKvRequest(kv, {
    method: request.method ?? 'GET',
    path: pathname,
    query: searchParams,
    body: Buffer.concat(await request.toArray()),
    signal: gone.signal,
  });
  response.writeHead(status, headers).end(body);
}
