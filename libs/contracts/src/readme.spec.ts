import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { credentials, Server, ServerCredentials, type ServerDuplexStream } from '@grpc/grpc-js';
import { expect, test } from 'vitest';
import {
  Batch,
  IngestServiceClient,
  IngestServiceService,
  PACKAGE,
  packageDefinition,
  type BatchAck,
} from './index.ts';

const keys = ['load1'];
const hash = createHash('sha256').update(keys.join('\n')).digest().subarray(0, 16);
const values = Buffer.alloc(8);
values.writeDoubleLE(0.5);

const batch: Batch = {
  sequence: 1,
  schemas: [{ hash, keys }],
  reports: [
    {
      hostId: 'web-1',
      timestamp: 1_700_000_000.25,
      intervalMs: 1_000,
      schema: 0,
      values,
      labels: {},
      late: false,
    },
  ],
};

/** A broker that acknowledges and keeps what it got. */
async function startBroker(): Promise<{ server: Server; address: string; got: Batch[] }> {
  const got: Batch[] = [];
  const server = new Server();
  server.addService(IngestServiceService, {
    push: (call: ServerDuplexStream<Batch, BatchAck>) => {
      call.on('data', (message: Batch) => {
        got.push(message);
        const { sequence, reports } = message;
        call.write({ sequence, accepted: reports.length, duplicates: 0, faults: [], index: 7 });
      });
      call.on('end', () => call.end());
    },
    upload: () => undefined,
  });
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  return { server, address: `127.0.0.1:${port}`, got };
}

test('the example of the README does what it says', async () => {
  const { server, address, got } = await startBroker();
  const client = new IngestServiceClient(address, credentials.createInsecure());
  const call = client.push();
  const acknowledged = once(call, 'data') as Promise<BatchAck[]>;
  call.write(batch);
  call.end();
  expect((await acknowledged)[0]).toMatchObject({ sequence: 1, accepted: 1, faults: [] });
  expect(got).toEqual([batch]);
  client.close();
  server.forceShutdown();
});

test('the package definition names every service and method as the wire does', () => {
  expect(PACKAGE).toBe('ringwatch.v1');
  for (const [name, methods] of Object.entries(packageDefinition))
    for (const [method, { path }] of Object.entries(methods)) expect(path).toBe(`/${name}/${method}`);
  expect(Object.keys(packageDefinition['ringwatch.v1.MonitorService'] ?? {})).toContain('Subscribe');
});
