/**
 * Consul's failures as faults. What a caller may simply try again is `unavailable`; everything else needs a
 * change.
 */
import { Fault, type FaultCode } from '@ringwatch/kernel';

/** The fields that errors of npm `consul` and of Node's sockets carry; all may be missing. */
interface ConsulError {
  readonly message?: string;
  readonly statusCode?: number;
  readonly isTimeout?: boolean;
  readonly isAbort?: boolean;
  readonly response?: { readonly body?: unknown };
}

const BODY_CHARS_MAX = 200;

/** `error`, thrown by a request to Consul, as a fault. */
export function consulFault(error: unknown): Fault {
  if (error instanceof Fault) return error;
  const { message = String(error), statusCode, isTimeout, isAbort, response } = error as ConsulError;
  if (isAbort === true) return new Fault('cancelled', message, { cause: error });
  if (isTimeout === true)
    return new Fault('unavailable', message, { cause: error, reason: 'consul_timeout' });
  if (statusCode === undefined)
    return new Fault('unavailable', message, { cause: error, reason: 'consul_unreachable' });
  const said = bodyText(response?.body);
  const detail = `Consul answered ${statusCode}${said === '' ? '' : `: ${said}`}`;
  const [code, reason] = meaningOf(statusCode);
  return new Fault(code, detail, { cause: error, reason });
}

function meaningOf(statusCode: number): readonly [FaultCode, string] {
  if (statusCode === 400) return ['invalid_argument', 'consul_bad_request'];
  if (statusCode === 403) return ['permission_denied', 'consul_forbidden'];
  if (statusCode === 413) return ['invalid_argument', 'value_too_large'];
  if (statusCode === 429) return ['resource_exhausted', 'consul_busy'];
  // A leaderless cluster answers 500 ("No cluster leader", "rpc error"), so every 5xx may pass by itself.
  if (statusCode >= 500) return ['unavailable', 'consul_failing'];
  return ['internal', 'consul_unexpected_status'];
}

function bodyText(body: unknown): string {
  const text = Buffer.isBuffer(body) ? body.toString('utf8') : typeof body === 'string' ? body : '';
  return text.trim().slice(0, BODY_CHARS_MAX);
}
