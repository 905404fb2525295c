import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConsulKv, EmbeddedKv } from '@ringwatch/consul-client';
import { kvStoreContract } from './kv-store-contract.ts';
import { serveKv } from './kv-store-http.ts';

async function openEmbedded(): Promise<{ readonly kv: EmbeddedKv; close(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'ringwatch-kv-'));
  const kv = await EmbeddedKv.open({ path: join(folder, 'kv') });
  return {
    kv,
    close: async () => {
      await kv.close();
      await rm(folder, { recursive: true });
    },
  };
}

kvStoreContract('the embedded store', async () => ({ ...(await openEmbedded()), prefix: '' }));

kvStoreContract('the embedded store behind HTTP, by the Consul client', async () => {
  const embedded = await openEmbedded();
  const server = await serveKv(embedded.kv);
  const kv = new ConsulKv({ url: server.url });
  return {
    kv,
    prefix: 'spec/',
    close: async () => {
      kv.close();
      await server.close();
      await embedded.close();
    },
  };
});
