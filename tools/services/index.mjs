// Real servers for tests and for trying things out. Depends on nothing but Node >= 20.19.
import { startConsul } from './consul.mjs';
import { startRedis } from './redis.mjs';

export { startConsul } from './consul.mjs';
export { startEtcd } from './etcd.mjs';
export { ensureChromium, ensureConsul, ensureEtcd, ensureRedis, ensureStrace } from './programs.mjs';
export { startRedis } from './redis.mjs';
export { freePort } from './server-process.mjs';

/**
 * One Redis and one Consul: those that RINGWATCH_TEST_REDIS_URL and RINGWATCH_TEST_CONSUL_URL name, or
 * started here.
 * @returns `{ redisUrl?, consulUrl?, reasons, stop() }`; a server that cannot be had has no URL and a line in
 *   `reasons`. In CI the caller fails on a reason, elsewhere it skips what needs the server and says why.
 */
export async function startServices() {
  const [redis, consul] = await Promise.all([
    serverFor(process.env.RINGWATCH_TEST_REDIS_URL, startRedis),
    serverFor(process.env.RINGWATCH_TEST_CONSUL_URL, startConsul),
  ]);
  return {
    redisUrl: redis.url,
    consulUrl: consul.url,
    reasons: [redis.reason, consul.reason].filter((reason) => reason !== undefined),
    stop: async () => {
      await Promise.all([redis.stop?.(), consul.stop?.()]);
    },
  };
}

async function serverFor(url, start) {
  if (url) return { url };
  try {
    return await start();
  } catch (error) {
    return { reason: error.message };
  }
}
