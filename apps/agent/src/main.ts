import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { acquireFileLock, systemClock } from '@ringwatch/kernel/system';
import { authorityOf, HealthServer, logListening, runService, startProcess } from '@ringwatch/service';
import { Agent } from './agent.ts';
import { agentConfig } from './config.ts';

const service = startProcess({ name: 'agent', schema: agentConfig });
const { config, logger, lifecycle, metrics, readiness } = service;

await runService(service, async () => {
  const { dataDir, listen, httpPort } = config;
  await mkdir(dataDir, { recursive: true });
  lifecycle.on('close', 'lock', acquireFileLock(join(dataDir, 'lock')));
  const agent = new Agent({ config, clock: systemClock, logger });
  agent.publish(metrics, readiness);
  const health = await HealthServer.listen({ readiness, metrics }, listen, httpPort);
  lifecycle.on('close', 'health', () => health.close());
  lifecycle.on('drain', 'agent', () => agent.close());
  logListening(logger, { http: `http://${authorityOf(listen, health.port)}` });
  await agent.run(lifecycle.signal);
});
