import { hostname } from 'node:os';
import { checkHostId, DEFAULT_LIMITS } from '@ringwatch/metrics';
import { commonFields, durationMsField } from '@ringwatch/service';
import { z } from 'zod';

const MIB = 1024 * 1024;
const address = z.string().regex(/^[^\s:]+:\d{1,5}$|^\[[0-9a-f:]+\]:\d{1,5}$/i, 'expected host:port');
const labelPair = z.string().regex(/^[a-z_][a-z0-9_]*=.{1,200}$/i, 'expected name=value');

/** The agent's configuration. */
export const agentConfig = z.object({
  ...commonFields({ httpPort: 7401 }),
  brokers: z
    .array(address)
    .min(1)
    .max(64)
    .default(['127.0.0.1:7102'])
    .describe('gRPC addresses of the brokers, host:port'),
  hostId: z
    .string()
    .refine((id) => checkHostId(id, DEFAULT_LIMITS) === undefined, 'not a valid host id')
    .default(() => hostname())
    .meta({ description: 'Name under which this machine reports', defaultText: 'the host name' }),
  label: z
    .array(labelPair)
    .max(DEFAULT_LIMITS.labelsPerReportMax - 2)
    .default([])
    .describe('Label of this machine, name=value'),
  intervalMs: durationMsField(1_000, 'How often to measure', { minMs: 100, maxMs: 3_600_000 }),
  demo: z
    .number()
    .int()
    .min(0)
    .max(10_000)
    .default(0)
    .describe('Made-up hosts to report besides this machine'),
  dataDir: z.string().min(1).default('.ringwatch/agent').describe('Folder of the buffer'),
  bufferBytesMax: z
    .number()
    .int()
    .min(MIB)
    .default(64 * MIB)
    .describe('Bytes of reports kept on disk while no broker takes them; the oldest are dropped'),
  bufferAgeMaxMs: durationMsField(DEFAULT_LIMITS.pastMaxMs, 'Age at which a buffered report is dropped', {
    minMs: 1_000,
  }),
});

export type AgentConfig = z.output<typeof agentConfig>;

/** `['rack=r7']` as `{ rack: 'r7' }`, beside what the machine says of itself. */
export function labelsOf(
  pairs: readonly string[],
  own: Readonly<Record<string, string>>,
): Record<string, string> {
  const given = pairs.map((pair): [string, string] => {
    const cut = pair.indexOf('=');
    return [pair.slice(0, cut), pair.slice(cut + 1)];
  });
  return { ...own, ...Object.fromEntries(given) };
}
