// Runs a Redis and a Consul until Ctrl-C and prints where they are.
//
// usage: node tools/services/main.mjs
import { startServices } from './index.mjs';

const services = await startServices();
for (const reason of services.reasons) console.error(`ringwatch: ${reason}`);
if (services.redisUrl !== undefined) console.log(`RINGWATCH_TEST_REDIS_URL=${services.redisUrl}`);
if (services.consulUrl !== undefined) console.log(`RINGWATCH_TEST_CONSUL_URL=${services.consulUrl}`);

const keepAlive = setInterval(() => undefined, 60_000);
let stopping = false;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => {
    if (stopping) return;
    stopping = true;
    clearInterval(keepAlive);
    void services.stop();
  });
}
if (services.redisUrl === undefined && services.consulUrl === undefined) process.exit(69);
