import { createServer, type AddressInfo, type Socket } from 'node:net';
import { expect, onTestFinished, test, vi } from 'vitest';
import { RedisCopy } from './index.ts';

/** A copy on a server that answers INFO with `info` and everything else with `reply`, in RESP. */
async function copyOn(info: string, reply: string): Promise<RedisCopy> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('data', (chunk) => {
      const commands =
        String(chunk)
          .toLowerCase()
          .match(/\*\d+\r\n\$\d+\r\n[a-z]+/g) ?? [];
      for (const command of commands) {
        const name = command.slice(command.lastIndexOf('\n') + 1);
        if (name === 'info') socket.write(`$${info.length}\r\n${info}\r\n`);
        else
          socket.write(name === 'hello' ? '-NOPROTO unsupported\r\n' : name === 'eval' ? reply : '+OK\r\n');
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const copy = new RedisCopy({ url: `redis://127.0.0.1:${(server.address() as AddressInfo).port}` });
  onTestFinished(() => {
    copy.close();
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return copy;
}

const document = {
  family: 'routes',
  key: 'a',
  version: { epoch: 1, index: 1 },
  text: undefined,
  hash: '',
  atMs: 0,
} as const;

test.each([
  { title: 'a cluster', info: 'cluster_enabled:1', reply: ':1\r\n', reason: 'config_redis_is_cluster' },
  { title: 'a denied command', info: 'cluster_enabled:0', reply: '-NOPERM no\r\n', reason: 'redis_refused' },
  { title: 'a full server', info: 'cluster_enabled:0', reply: '-OOM no\r\n', reason: 'redis_unavailable' },
])('$title is the fault $reason', async ({ info, reply, reason }) => {
  const copy = await copyOn(info, reply);
  const outcome = (): Promise<unknown> =>
    copy.apply(document).catch((fault: { reason: string; detail: string }) => fault);
  await vi.waitFor(async () => expect(await outcome()).toMatchObject({ reason }));
});

test('without a server every call fails at once, and says why in plain words', async () => {
  const copy = new RedisCopy({ url: 'redis://127.0.0.1:1' });
  onTestFinished(() => copy.close());
  const expected = {
    code: 'unavailable',
    reason: 'redis_unavailable',
    detail: 'Redis is away: not connected',
  };
  await expect(copy.read('routes')).rejects.toMatchObject(expected);
});
