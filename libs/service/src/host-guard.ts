/**
 * Who listens on loopback trusts whoever can connect, and a browser can: a page of `evil.example` whose name
 * suddenly resolves to 127.0.0.1 is of the same origin as we are to it (DNS rebinding). Its requests still
 * carry its name, so only loopback names are answered there.
 */
import { Fault } from '@ringwatch/kernel';
import { isLoopback } from './start-process.ts';

/**
 * Why a request with this `Host` header is refused by a listener on `listen`: `permission_denied`, reason
 * `host_not_allowed`. Undefined when it is not; beyond loopback any name may be ours.
 */
export function hostRefusal(listen: string, host: string | undefined): Fault | undefined {
  if (host === undefined || !isLoopback(listen) || isLoopback(hostnameOf(host))) return undefined;
  return new Fault('permission_denied', 'this host name is not allowed', { reason: 'host_not_allowed' });
}

/** Without port and brackets; empty for what is no host. */
function hostnameOf(host: string): string {
  const url = `http://${host}`;
  return URL.canParse(url) ? new URL(url).hostname.replace(/^\[|\]$/g, '') : '';
}
