/**
 * The one error that crosses a room's border. Codes follow gRPC's status names, so that a single table at the
 * edge maps a fault to an RPC status and to an HTTP status (libs/service).
 *
 * 1. A fault is the world's failure and is handled; a failed {@link assert} is our bug and crashes.
 * 2. Only `retryable` faults may be tried again unchanged; the delay is a hint in milliseconds.
 */

/** Every code a fault may carry, in gRPC's order. */
export const FAULT_CODES = [
  'cancelled',
  'unknown',
  'invalid_argument',
  'deadline_exceeded',
  'not_found',
  'already_exists',
  'permission_denied',
  'resource_exhausted',
  'failed_precondition',
  'aborted',
  'out_of_range',
  'unimplemented',
  'internal',
  'unavailable',
  'data_loss',
  'unauthenticated',
] as const;

export type FaultCode = (typeof FAULT_CODES)[number];

export interface FaultOptions {
  readonly cause?: unknown;
  /**
   * A stable machine-readable reason in snake_case, finer than the code: `series_key_too_long`. Default: the
   * code.
   */
  readonly reason?: string;
  /** How long the caller should wait before it tries again, in milliseconds. */
  readonly retryAfterMs?: number;
}

/** A coded failure of the world: bad input, a missing peer, a full queue. */
export class Fault extends Error {
  override readonly name = 'Fault';
  readonly code: FaultCode;
  readonly reason: string;
  readonly retryAfterMs: number | undefined;

  constructor(code: FaultCode, message: string, options: FaultOptions = {}) {
    super(`[${code}] ${message}`, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.reason = options.reason ?? code;
    this.retryAfterMs = options.retryAfterMs;
  }

  /** True when the same request may succeed later without a change. */
  get retryable(): boolean {
    return isRetryable(this.code);
  }

  /** The message without the code in front, for answers that carry the code in a field of its own. */
  get detail(): string {
    return this.message.slice(this.code.length + 3);
  }
}

/** Codes that a client may retry unchanged: `unavailable`, `resource_exhausted`, `aborted`. */
export function isRetryable(code: FaultCode): boolean {
  return code === 'unavailable' || code === 'resource_exhausted' || code === 'aborted';
}

/** `error` as a fault: itself, or `internal` (or `fallback`) with the original as its cause. */
export function toFault(error: unknown, fallback: FaultCode = 'internal'): Fault {
  if (error instanceof Fault) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new Fault(fallback, message, { cause: error });
}
