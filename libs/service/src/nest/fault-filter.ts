/**
 * The last stop of every exception of a Nest app, over HTTP and gRPC alike: turned into a fault, logged if it
 * is our bug, answered from the one table. Controllers therefore throw faults and never catch.
 *
 * A client that goes away in the middle of its body makes whatever reads it fail: that is `cancelled`, and
 * nobody is left to be answered.
 */
import { Catch, HttpException, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
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
    const fault = leftInItsBody(host) ? clientLeft(exception) : faultOf(exception);
    if (fault.code === 'cancelled') this.#logger.debug({ reason: fault.reason }, 'request cancelled');
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

/** True when the request was cut off before its end. */
function leftInItsBody(host: ArgumentsHost): boolean {
  if (host.getType() !== 'http') return false;
  const { raw } = host.switchToHttp().getRequest<FastifyRequest>();
  return raw.destroyed && !raw.complete;
}

function clientLeft(cause: unknown): Fault {
  return new Fault('cancelled', 'the client went away', { cause, reason: 'client_left' });
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

/** An error of Fastify itself, which carries a code (`FST_ERR_…`) and a status. */
export function faultOfFastify(error: FastifyError): Fault {
  return withReason(faultOfHttpStatus(error.statusCode ?? 500, error.message, error), error);
}

function faultOfHttpException(exception: HttpException): Fault {
  const fault = faultOfHttpStatus(exception.getStatus(), messageOf(exception), exception);
  return withReason(fault, exception.cause);
}

/** The fault with the finer reason that its origin gives, if any. */
function withReason(fault: Fault, origin: unknown): Fault {
  const code = typeof origin === 'object' && origin !== null && 'code' in origin ? String(origin.code) : '';
  const reason = FASTIFY_REASONS[code] ?? (origin instanceof SyntaxError ? 'malformed_json' : undefined);
  return reason === undefined ? fault : new Fault(fault.code, fault.detail, { cause: fault.cause, reason });
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
