/**
 * A gRPC error as the fault that the broker meant: same code, with reason and delay from the trailing
 * metadata.
 */
import { Metadata, status as GrpcStatus, type ServiceError } from '@grpc/grpc-js';
import { Fault, FAULT_CODES, toFault, type FaultCode } from '@ringwatch/kernel';

const REASON = 'ringwatch-reason';
const RETRY_AFTER_MS = 'ringwatch-retry-after-ms';

export function faultOfGrpc(error: unknown): Fault {
  if (!isServiceError(error)) return toFault(error, 'unavailable');
  const code = codeOf(error.code);
  const reason = textOf(error.metadata, REASON);
  const retryAfterMs = Number(textOf(error.metadata, RETRY_AFTER_MS) ?? Number.NaN);
  return new Fault(code, error.details, {
    cause: error,
    ...(reason !== undefined && { reason }),
    ...(retryAfterMs >= 0 && { retryAfterMs }),
  });
}

/** The code of a fault that a broker wrote into an answer; `unknown` when it is from a newer broker. */
export function faultCodeOf(text: string): FaultCode {
  return FAULT_CODES.find((code) => code === text) ?? 'unknown';
}

function codeOf(status: GrpcStatus): FaultCode {
  return faultCodeOf((GrpcStatus[status] ?? 'UNKNOWN').toLowerCase());
}

function textOf(metadata: Metadata | undefined, key: string): string | undefined {
  const value = metadata?.get(key)[0];
  return typeof value === 'string' ? value : undefined;
}

function isServiceError(error: unknown): error is ServiceError {
  return error instanceof Error && 'code' in error && typeof error.code === 'number' && 'details' in error;
}
