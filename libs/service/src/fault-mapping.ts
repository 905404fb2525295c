/**
 * The one table that maps a fault to a gRPC status and to an HTTP status. Both doors answer from it, so that
 * a client sees the same code, reason and delay whichever it knocks at.
 *
 * 1. What went wrong inside stays inside: `internal`, `unknown` and `data_loss` carry no message and no
 *    reason.
 * 2. `unavailable` and `resource_exhausted` always tell when to come back.
 *
 * HTTP statuses follow google.rpc.Code; a few reasons are finer than their code ({@link REASON_STATUS}).
 */
import { Metadata, status as GrpcStatus, type StatusObject } from '@grpc/grpc-js';
import { Fault, type FaultCode } from '@ringwatch/kernel';

/** Trailing metadata: {@link Fault.reason}. */
export const REASON_METADATA = 'ringwatch-reason';
/** Trailing metadata: milliseconds to wait before a retry. */
export const RETRY_AFTER_METADATA = 'ringwatch-retry-after-ms';

const RETRY_AFTER_DEFAULT_MS = 1_000;
/** Trailers and problem documents stay small whatever a message quotes. */
const DETAIL_CHARS_MAX = 1_024;

const TABLE: Readonly<
  Record<FaultCode, { readonly grpc: GrpcStatus; readonly http: number; readonly title: string }>
> = {
  cancelled: { grpc: GrpcStatus.CANCELLED, http: 499, title: 'Cancelled' },
  unknown: { grpc: GrpcStatus.UNKNOWN, http: 500, title: 'Unknown error' },
  invalid_argument: { grpc: GrpcStatus.INVALID_ARGUMENT, http: 400, title: 'Invalid argument' },
  deadline_exceeded: { grpc: GrpcStatus.DEADLINE_EXCEEDED, http: 504, title: 'Deadline exceeded' },
  not_found: { grpc: GrpcStatus.NOT_FOUND, http: 404, title: 'Not found' },
  already_exists: { grpc: GrpcStatus.ALREADY_EXISTS, http: 409, title: 'Already exists' },
  permission_denied: { grpc: GrpcStatus.PERMISSION_DENIED, http: 403, title: 'Permission denied' },
  resource_exhausted: { grpc: GrpcStatus.RESOURCE_EXHAUSTED, http: 429, title: 'Quota exhausted' },
  failed_precondition: { grpc: GrpcStatus.FAILED_PRECONDITION, http: 400, title: 'Failed precondition' },
  aborted: { grpc: GrpcStatus.ABORTED, http: 409, title: 'Aborted' },
  out_of_range: { grpc: GrpcStatus.OUT_OF_RANGE, http: 400, title: 'Out of range' },
  unimplemented: { grpc: GrpcStatus.UNIMPLEMENTED, http: 501, title: 'Unimplemented' },
  internal: { grpc: GrpcStatus.INTERNAL, http: 500, title: 'Internal error' },
  unavailable: { grpc: GrpcStatus.UNAVAILABLE, http: 503, title: 'Unavailable' },
  data_loss: { grpc: GrpcStatus.DATA_LOSS, http: 500, title: 'Data loss' },
  unauthenticated: { grpc: GrpcStatus.UNAUTHENTICATED, http: 401, title: 'Unauthenticated' },
};

/** Reasons for which HTTP has a status of its own. */
const REASON_STATUS: Readonly<Record<string, number>> = {
  body_too_large: 413,
  uri_too_long: 414,
  unsupported_media_type: 415,
  method_not_allowed: 405,
  version_mismatch: 412,
};

/** RFC 9457 problem document. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: FaultCode;
  readonly reason: string;
}

/** A problem document with the headers that go with it. */
export interface ProblemAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Problem;
}

/** True where the message of the fault is for our logs only. */
export function isInternal(code: FaultCode): boolean {
  return code === 'internal' || code === 'unknown' || code === 'data_loss';
}

/** The HTTP status of a fault. */
export function httpStatusOf(fault: Pick<Fault, 'code' | 'reason'>): number {
  return REASON_STATUS[fault.reason] ?? TABLE[fault.code].http;
}

/** The fault as an `application/problem+json` answer. */
export function faultToProblem(fault: Fault): ProblemAnswer {
  const status = httpStatusOf(fault);
  const reason = publicReason(fault);
  const retryAfterMs = retryAfterMsOf(fault);
  return {
    status,
    headers: {
      'content-type': 'application/problem+json; charset=utf-8',
      ...(retryAfterMs === undefined ? {} : { 'retry-after': String(Math.ceil(retryAfterMs / 1_000)) }),
    },
    body: {
      type: `urn:ringwatch:fault:${reason}`,
      title: TABLE[fault.code].title,
      status,
      detail: publicDetail(fault),
      code: fault.code,
      reason,
    },
  };
}

/** The fault as a gRPC status with its trailing metadata. */
export function faultToGrpc(fault: Fault): StatusObject {
  const metadata = new Metadata();
  metadata.set(REASON_METADATA, publicReason(fault));
  const retryAfterMs = retryAfterMsOf(fault);
  if (retryAfterMs !== undefined) metadata.set(RETRY_AFTER_METADATA, String(Math.ceil(retryAfterMs)));
  return { code: TABLE[fault.code].grpc, details: publicDetail(fault), metadata };
}

/** The fault that a bare HTTP status stands for, for errors of the HTTP framework itself. */
export function faultOfHttpStatus(status: number, message: string, cause?: unknown): Fault {
  const { code, reason } = STATUS_FAULT[status] ?? {
    code: status < 500 ? 'invalid_argument' : 'internal',
    reason: undefined,
  };
  return new Fault(code, message, reason === undefined ? { cause } : { cause, reason });
}

const STATUS_FAULT: Readonly<Record<number, { readonly code: FaultCode; readonly reason?: string }>> = {
  401: { code: 'unauthenticated' },
  403: { code: 'permission_denied' },
  404: { code: 'not_found' },
  405: { code: 'unimplemented', reason: 'method_not_allowed' },
  408: { code: 'deadline_exceeded' },
  409: { code: 'aborted' },
  413: { code: 'invalid_argument', reason: 'body_too_large' },
  414: { code: 'invalid_argument', reason: 'uri_too_long' },
  415: { code: 'invalid_argument', reason: 'unsupported_media_type' },
  429: { code: 'resource_exhausted' },
  501: { code: 'unimplemented' },
  503: { code: 'unavailable' },
  504: { code: 'deadline_exceeded' },
};

function retryAfterMsOf(fault: Fault): number | undefined {
  if (fault.code === 'unavailable' || fault.code === 'resource_exhausted')
    return fault.retryAfterMs ?? RETRY_AFTER_DEFAULT_MS;
  return fault.retryable ? fault.retryAfterMs : undefined;
}

/** Header values are ASCII; a reason that is not is our slip and must not break the answer. */
function publicReason(fault: Fault): string {
  return !isInternal(fault.code) && /^[\w.-]{1,64}$/.test(fault.reason) ? fault.reason : fault.code;
}

/**
 * grpc-js runs `encodeURI` over the details, which throws on a lone surrogate that a caller may have sent us.
 */
function publicDetail(fault: Fault): string {
  if (isInternal(fault.code)) return 'internal error';
  return fault.detail.slice(0, DETAIL_CHARS_MAX).replace(/\p{Surrogate}/gu, '\ufffd');
}
