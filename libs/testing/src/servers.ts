/**
 * Where contract specs find their servers. `npm test` starts one Redis and one Consul for all suites
 * (tools/services) and names them in the environment; a developer may point at their own.
 *
 * 1. In CI a missing server is a failure. Elsewhere the suite is skipped and its title says why.
 * 2. Suites share the servers, so each takes a database or a prefix of its own.
 */

/** The servers that contract specs ask for, by environment variable. */
const VARIABLES = {
  redis: 'RINGWATCH_TEST_REDIS_URL',
  consul: 'RINGWATCH_TEST_CONSUL_URL',
} as const;

/** A server's URL, or why there is none. */
export type TestServer =
  | { readonly available: true; readonly url: string }
  | { readonly available: false; readonly reason: string };

/**
 * The server of that kind for this run.
 * @throws when there is none and this is CI, so that a suite cannot pass by not running.
 */
export function testServer(kind: keyof typeof VARIABLES): TestServer {
  const variable = VARIABLES[kind];
  const url = process.env[variable];
  if (url !== undefined && url !== '') return { available: true, url };
  const reason = `no ${kind}: set ${variable}, or run npm test, which starts one`;
  if (process.env['CI'] === 'true') throw new Error(reason);
  return { available: false, reason };
}
