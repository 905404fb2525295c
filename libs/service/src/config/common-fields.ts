/** Fields that every process has, so that they read, default and document alike. */
import { z } from 'zod';

const PORT_MAX = 65_535;

/** Log levels from quiet to loud. */
export const LOG_LEVELS = ['silent', 'error', 'warn', 'info', 'debug'] as const;

/** A TCP port; 0 picks a free one. */
export function portField(defaultPort: number, description: string) {
  return z
    .number()
    .int()
    .min(0)
    .max(PORT_MAX)
    .default(defaultPort)
    .describe(`${description}; 0 picks a free port`);
}

/** An URL with one of the given schemes, `redis` or `https`, without the colon. Absent by default. */
export function urlField(schemes: readonly string[], description: string) {
  const protocol = new RegExp(`^(${schemes.join('|')})$`);
  return z
    .url({ protocol, error: `expected an URL with ${schemes.map((scheme) => `${scheme}://`).join(' or ')}` })
    .optional()
    .describe(description);
}

/** A whole number of milliseconds. */
export function durationMsField(
  defaultMs: number,
  description: string,
  range: { readonly minMs?: number; readonly maxMs?: number } = {},
) {
  const { minMs = 0, maxMs = 2 ** 31 - 1 } = range;
  return z
    .number()
    .int()
    .min(minMs)
    .max(maxMs)
    .default(defaultMs)
    .describe(`${description}, in milliseconds`);
}

/** `listen`, `httpPort` and `logLevel`: spread these into the schema of every process. */
export function commonFields(defaults: { readonly httpPort: number }) {
  return {
    listen: z
      .string()
      .min(1)
      .default('127.0.0.1')
      .describe('Address that every listener binds; beyond loopback nothing authenticates yet'),
    httpPort: portField(defaults.httpPort, 'HTTP port'),
    logLevel: z.enum(LOG_LEVELS).default('info').describe('Least severe level that is logged'),
  };
}
