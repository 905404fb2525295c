import { systemClock } from '@ringwatch/kernel/system';
import { authorityOf, HealthServer, logListening, startProcess } from '@ringwatch/service';
import { Agent } from './agent.ts';
import { agentConfig } from './config.ts';

const { config, logger, lifecycle, metrics, readiness } = startProcess({
  name: 'agent',
  schema: agentConfig,
});
const agent = new Agent({ config, clock: systemClock, logger });
agent.publish(metrics, readiness);

const health = await HealthServer.listen({ readiness, metrics }, config.listen, config.httpPort);
lifecycle.on('close', 'health', () => health.close());
lifecycle.on('drain', 'agent', () => agent.close());
logListening(logger, { http: `http://${authorityOf(config.listen, health.port)}` });

await agent.run(lifecycle.signal);
