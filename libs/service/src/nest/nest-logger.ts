/**
 * Nest's own log lines through ours. Its boot chatter (one line per route and module) is debug; warnings and
 * errors stay.
 */
import type { LoggerService } from '@nestjs/common';
import type { Logger } from '@ringwatch/kernel';

export class NestLogger implements LoggerService {
  readonly #logger: Logger;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  log(message: unknown, ...rest: unknown[]): void {
    this.#logger.debug(fieldsOf(message, rest), 'nest');
  }

  debug(message: unknown, ...rest: unknown[]): void {
    this.#logger.debug(fieldsOf(message, rest), 'nest');
  }

  verbose(message: unknown, ...rest: unknown[]): void {
    this.#logger.debug(fieldsOf(message, rest), 'nest');
  }

  warn(message: unknown, ...rest: unknown[]): void {
    this.#logger.warn(fieldsOf(message, rest), 'nest');
  }

  error(message: unknown, ...rest: unknown[]): void {
    this.#logger.error(fieldsOf(message, rest), 'nest');
  }

  fatal(message: unknown, ...rest: unknown[]): void {
    this.#logger.error(fieldsOf(message, rest), 'nest');
  }
}

/** Nest appends its context (a class name) as the last argument, and for errors a stack before it. */
function fieldsOf(message: unknown, rest: readonly unknown[]): object {
  const context = rest.at(-1);
  const detail = message instanceof Error ? { error: message } : { detail: String(message) };
  return typeof context === 'string' ? { ...detail, context } : detail;
}
