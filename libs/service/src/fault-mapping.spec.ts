import { describe, expect, test } from 'vitest';
import { status } from '@grpc/grpc-js';
import { FAULT_CODES, Fault } from '@ringwatch/kernel';
import {
  faultOfHttpStatus,
  faultToGrpc,
  faultToProblem,
  httpStatusOf,
  REASON_METADATA,
  RETRY_AFTER_METADATA,
} from './fault-mapping.ts';

test('every code keeps its name as a gRPC status', () => {
  for (const code of FAULT_CODES)
    expect(status[faultToGrpc(new Fault(code, 'x')).code]).toBe(code.toUpperCase());
});

test.each(['internal', 'unknown', 'data_loss'] as const)('%s leaks neither message nor reason', (code) => {
  const fault = new Fault(code, 'password=hunter2', { reason: 'secret_place' });
  expect(JSON.stringify(faultToProblem(fault))).not.toMatch(/hunter2|secret_place/);
  expect(JSON.stringify(faultToGrpc(fault))).not.toMatch(/hunter2|secret_place/);
});

describe('when to come back', () => {
  test('is rounded up to seconds for HTTP and given in milliseconds for gRPC', () => {
    const fault = new Fault('unavailable', 'busy', { retryAfterMs: 1_200 });
    expect(faultToProblem(fault).headers['retry-after']).toBe('2');
    expect(faultToGrpc(fault).metadata.get(RETRY_AFTER_METADATA)).toEqual(['1200']);
  });

  test.each(['unavailable', 'resource_exhausted'] as const)(
    '%s says so even where the fault does not',
    (code) => {
      expect(faultToProblem(new Fault(code, 'x')).headers['retry-after']).toBe('1');
    },
  );

  test('is never said for what a retry cannot cure', () => {
    const fault = new Fault('invalid_argument', 'x', { retryAfterMs: 5 });
    expect(faultToProblem(fault).headers).not.toHaveProperty('retry-after');
    expect(faultToGrpc(fault).metadata.get(RETRY_AFTER_METADATA)).toEqual([]);
  });
});

test('the problem document has the fields of RFC 9457 and ours', () => {
  expect(faultToProblem(new Fault('not_found', 'no host web-1', { reason: 'unknown_host' })).body).toEqual({
    type: 'urn:ringwatch:fault:unknown_host',
    title: 'Not found',
    status: 404,
    detail: 'no host web-1',
    code: 'not_found',
    reason: 'unknown_host',
  });
});

test.each([400, 401, 403, 404, 405, 408, 409, 413, 414, 415, 429, 500, 501, 503, 504])(
  'HTTP %i survives the way through a fault',
  (http) => {
    const expected = http === 408 ? 504 : http;
    expect(httpStatusOf(faultOfHttpStatus(http, 'x'))).toBe(expected);
  },
);

test('hostile text can break neither a header nor the status encoder', () => {
  const grpc = faultToGrpc(
    new Fault('invalid_argument', `bad \ud800 ${'x'.repeat(5_000)}`, { reason: 'né\n' }),
  );
  expect(() => encodeURI(grpc.details)).not.toThrow();
  expect(grpc.details.length).toBeLessThanOrEqual(1_024);
  expect(grpc.metadata.get(REASON_METADATA)).toEqual(['invalid_argument']);
});
