/**
 * Structured logs: one JSON object per line on stdout.
 *
 * 1. Writing never blocks the event loop, and a reader that stalls costs at most {@link
 *    LOG_BUFFER_BYTES_MAX}; what does not fit is dropped and counted, and the count is logged when the reader
 *    is back.
 * 2. Names that mean a secret are redacted whatever field they appear in, two levels deep.
 */
import { pino, stdSerializers, stdTimeFunctions, type Logger as PinoLogger } from 'pino';
import type { Logger } from '@ringwatch/kernel';

/** Most bytes of log lines that wait for stdout. */
export const LOG_BUFFER_BYTES_MAX = 4 * 1024 * 1024;

/** How long a last flush waits for a reader that does not read. */
export const FLUSH_MAX_MS = 1_000;

const SECRET_NAMES = ['password', 'secret', 'token', 'authorization', 'cookie', 'apiKey'];
const SECRET_PATHS = SECRET_NAMES.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]);

/** A kernel `Logger` with the two things that only a process needs: children and a last flush. */
export interface ProcessLogger extends Logger {
  child(bindings: Record<string, unknown>): ProcessLogger;
  /** Resolves when all that was logged is written, or stdout has stalled for {@link FLUSH_MAX_MS}. */
  flush(): Promise<void>;
  /** Writes what is buffered, blocking; for a crash. A line under way may then come out of order. */
  flushSync(): void;
}

export interface CreateLoggerOptions {
  /** Written as `app` on every line. */
  readonly name: string;
  /** Default `info`. */
  readonly level?: string;
  /** File descriptor; default 1, stdout. */
  readonly fd?: number;
}

export function createLogger({ name, level = 'info', fd = 1 }: CreateLoggerOptions): ProcessLogger {
  const destination = pino.destination({ fd, sync: false, minLength: 1, maxLength: LOG_BUFFER_BYTES_MAX });
  let dropped = 0;
  const logger: PinoLogger = pino(
    {
      level,
      base: { app: name, pid: process.pid },
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { error: stdSerializers.err, err: stdSerializers.err },
      redact: { paths: SECRET_PATHS, censor: '[redacted]' },
    },
    destination,
  );
  destination.on('drop', () => dropped++);
  destination.on('drain', () => {
    if (dropped === 0) return;
    const lines = dropped;
    dropped = 0;
    logger.warn({ lines }, 'log lines dropped');
  });
  // A closed stdout must not take the process down; there is nobody left to tell.
  destination.on('error', () => undefined);
  return Object.assign(logger, {
    flush: () => flushed(destination),
    flushSync: () => flushQuietly(destination),
  }) as unknown as ProcessLogger;
}

function flushed(destination: { flush(done: () => void): void }): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, FLUSH_MAX_MS);
    destination.flush(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}

/** flushSync throws when stdout is gone or not yet open; at exit neither matters. */
function flushQuietly(destination: { flushSync(): void }): void {
  try {
    destination.flushSync();
  } catch {
    return;
  }
}
