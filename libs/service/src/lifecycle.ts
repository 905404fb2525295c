/**
 * How a process ends. Stages run in order, and within a stage:
 *
 * - `stop-accepting` and `drain`: all tasks at once; `drain` is where streams end and in-flight work
 *   finishes.
 * - `close`: one by one, the last registered first, because stores are opened before what uses them.
 *
 * 1. Readiness turns to 503 before anything else happens.
 * 2. A task that fails is logged and makes the exit code 1; it never keeps the others from running.
 * 3. After the hard deadline the process exits 1 and says which tasks were still running.
 * 4. Later signals are ignored: a terminal and a parent often deliver the same Ctrl-C twice.
 * 5. An uncaught exception or unhandled rejection is our bug: logged once, exit 1, no drain on broken state.
 */
import { sleep, type Clock, type Logger } from '@ringwatch/kernel';
import { systemClock } from '@ringwatch/kernel/system';
import type { Readiness } from './readiness.ts';

export const STAGES = ['stop-accepting', 'drain', 'close'] as const;
export type Stage = (typeof STAGES)[number];

export interface LifecycleOptions {
  readonly logger: Logger & { flush?(): Promise<void>; flushSync?(): void };
  readonly readiness: Readiness;
  /** Default: the system's. */
  readonly clock?: Clock;
  /** From the signal to a forced exit; default 20 s, above gRPC's 10 s of grace. */
  readonly deadlineMs?: number;
  /** Between 503 on `/readyz` and closing the listeners, for load balancers to notice; default 0. */
  readonly noticeMs?: number;
  /** Default: `process.exit`. */
  readonly exit?: (code: number) => void;
}

interface Task {
  readonly name: string;
  readonly run: () => void | Promise<void>;
}

const DEADLINE_DEFAULT_MS = 20_000;

export class Lifecycle {
  readonly #options: LifecycleOptions;
  readonly #clock: Clock;
  readonly #tasks: Record<Stage, Task[]> = { 'stop-accepting': [], drain: [], close: [] };
  readonly #running = new Set<string>();
  readonly #stopping = new AbortController();
  #ended: Promise<number> | undefined;
  #exited = false;

  constructor(options: LifecycleOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
  }

  /** Aborts as soon as the process starts to end; hand it to whatever waits or loops. */
  get signal(): AbortSignal {
    return this.#stopping.signal;
  }

  /** Registers work for the end of the process. */
  on(stage: Stage, name: string, run: () => void | Promise<void>): void {
    this.#tasks[stage].push({ name, run });
  }

  /**
   * Listens for SIGTERM, SIGINT and bugs. Called once, by the main program; the function takes the listeners
   * off again.
   */
  install(target: NodeJS.EventEmitter = process): () => void {
    const onSignal = (signal: unknown): void => void this.shutdown(String(signal));
    const onBug = (error: unknown): void => this.#crash(error);
    const listeners = {
      SIGTERM: onSignal,
      SIGINT: onSignal,
      uncaughtException: onBug,
      unhandledRejection: onBug,
    };
    for (const [event, listener] of Object.entries(listeners)) target.on(event, listener);
    return () => {
      for (const [event, listener] of Object.entries(listeners)) target.off(event, listener);
    };
  }

  /** Ends the process in order; resolves with the exit code. Calling it again returns the same end. */
  shutdown(reason: string, exitCode = 0): Promise<number> {
    this.#ended ??= this.#end(reason, exitCode);
    return this.#ended;
  }

  async #end(reason: string, exitCode: number): Promise<number> {
    const { logger, readiness, deadlineMs = DEADLINE_DEFAULT_MS, noticeMs = 0 } = this.#options;
    readiness.startDraining();
    logger.info({ reason }, 'shutting down');
    this.#stopping.abort();
    const cancelDeadline = this.#clock.after(deadlineMs, () => {
      logger.error({ running: [...this.#running], deadlineMs }, 'shutdown deadline passed');
      this.#exit(1);
    });
    if (noticeMs > 0) await sleep(this.#clock, noticeMs);
    let failed = 0;
    for (const stage of STAGES) failed += await this.#runStage(stage);
    cancelDeadline();
    const code = exitCode === 0 && failed > 0 ? 1 : exitCode;
    logger.info({ code }, 'stopped');
    await logger.flush?.();
    this.#exit(code);
    return code;
  }

  /** How many tasks of the stage failed. */
  async #runStage(stage: Stage): Promise<number> {
    const tasks = this.#tasks[stage];
    if (stage !== 'close') {
      const results = await Promise.all(tasks.map((task) => this.#runTask(stage, task)));
      return results.filter((ok) => !ok).length;
    }
    let failed = 0;
    for (const task of tasks.toReversed()) if (!(await this.#runTask(stage, task))) failed++;
    return failed;
  }

  async #runTask(stage: Stage, { name, run }: Task): Promise<boolean> {
    const label = `${stage}: ${name}`;
    this.#running.add(label);
    try {
      await run();
      return true;
    } catch (error) {
      this.#options.logger.error({ error, stage, task: name }, 'shutdown task failed');
      return false;
    } finally {
      this.#running.delete(label);
    }
  }

  #crash(error: unknown): void {
    if (this.#exited) return;
    this.#options.logger.error({ error }, 'uncaught: this is a bug');
    this.#exit(1);
  }

  #exit(code: number): void {
    if (this.#exited) return;
    this.#exited = true;
    this.#options.logger.flushSync?.();
    (this.#options.exit ?? process.exit)(code);
  }
}
