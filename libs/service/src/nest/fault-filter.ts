/**
 * The last stop of every exception of a Nest app, over HTTP and gRPC alike: turned into a fault, logged if it
 * is our bug, answered from the one table. Controllers therefore throw faults and never catch.
 */
import { Catch, HttpException, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { throwError, type Observable } from 'rxjs';
import { Fault, toFault, type Logger } from '@ringwatch/kernel';
import { faultOfHttpStatus, faultToGrpc, faultToProblem, isInternal } from '../fault-mapping.ts';

/** Fastify's error codes whose HTTP status alone says too little. */
const FASTIFY_REASONS: Readonly<Record<string, string>> = {
  FST_ERR_CTP_INVALID_JSON_BODY: 'malformed_json',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'malformed_json',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'content_length_mismatch',
  FST_ERR_BAD_URL: 'malformed_url',
};

@Catch()
export class FaultFilter implements ExceptionFilter {
  readonly #logger: Logger;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  catch(exception: unknown, host: ArgumentsHost): Observable<never> | void {
    const fault = faultOf(exception);
    if (isInternal(fault.code))
      this.#logger.error({ error: exception, transport: host.getType() }, 'request failed by our fault');
    if (host.getType() === 'rpc') return throwError(() => faultToGrpc(fault));
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    if (reply.sent || reply.raw.headersSent) return;
    const { status, headers, body } = faultToProblem(fault);
    // Serialised here: the adapter would otherwise warn about the content type.
    void reply.status(status).headers(headers).send(JSON.stringify(body));
  }
}

/** Any exception as a fault; those of Nest and Fastify keep what their status says. */
export function faultOf(exception: unknown): Fault {
  if (exception instanceof Fault) return exception;
  if (exception instanceof HttpException) return faultOfHttpException(exception);
  if (exception instanceof SyntaxError && 'statusCode' in exception && exception.statusCode === 400) {
    return new Fault('invalid_argument', exception.message, { cause: exception, reason: 'malformed_json' });
  }
  return toFault(exception);
}

function faultOfHttpException(exception: HttpException): Fault {
  const fault = faultOfHttpStatus(exception.getStatus(), messageOf(exception), exception);
  const { cause } = exception;
  const code = typeof cause === 'object' && cause !== null && 'code' in cause ? String(cause.code) : '';
  const reason = FASTIFY_REASONS[code] ?? (cause instanceof SyntaxError ? 'malformed_json' : undefined);
  return reason === undefined ? fault : new Fault(fault.code, fault.detail, { cause: exception, reason });
}

/** Nest's validation pipes put a list of sentences into the response's `message`. */
function messageOf(exception: HttpException): string {
  const response = exception.getResponse();
  if (typeof response === 'string') return response;
  const message = 'message' in response ? response.message : undefined;
  return Array.isArray(message)
    ? message.join('; ')
    : typeof message === 'string'
      ? message
      : exception.message;
}
