// The example of the README as a process of its own; `start-process.spec.ts` runs it. BUG=1 makes it fail.
import { z } from 'zod';
import { commonFields, HealthServer, logListening, startProcess } from '../src/index.ts';

const schema = z.object({
  ...commonFields({ httpPort: 7401 }),
  dataDir: z.string().describe('Where the buffer lives'),
});

const { config, logger, lifecycle, readiness, metrics } = startProcess({ name: 'agent', schema });
const health = await HealthServer.listen({ readiness, metrics }, config.listen, config.httpPort);
lifecycle.on('stop-accepting', 'health', () => health.close());
logListening(logger, { http: `http://${config.listen}:${health.port}` });

if (process.env['BUG'] === '1') await Promise.reject(new Error('a bug'));
