import { ConsulKv } from '@ringwatch/consul-client';
import { describe } from 'vitest';
import { kvStoreContract } from './kv-store-contract.ts';
import { testServer } from './servers.ts';

const server = testServer('consul');

describe.skipIf(!server.available)(`Consul ${server.available ? '' : server.reason}`, () => {
  let runs = 0;
  kvStoreContract('a real Consul', async () => {
    const url = server.available ? server.url : '';
    const kv = new ConsulKv({ url });
    const prefix = `spec-${process.pid}-${runs++}/`;
    return {
      kv,
      prefix,
      close: async () => {
        await fetch(`${url}/v1/kv/${prefix}?recurse`, { method: 'DELETE' });
        kv.close();
      },
    };
  });
});
