/**
 * An app of ours as a child process, the way an operator starts it: its bundle, its flags, its log lines.
 *
 * 1. It is stopped by its own process id, never by name; whatever happens, {@link stopAll} leaves nothing
 *    behind.
 * 2. Its doors are read from its `listening` line, so it may take free ports.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

export interface ChildAppOptions {
  /** The program: a bundle's main.js. */
  readonly main: string;
  readonly args?: readonly string[];
  /** A program to run node under: `['strace', '-f', …]`. */
  readonly under?: readonly string[];
  readonly cwd?: string;
  /** How long it may take to listen. Default 20 s. */
  readonly startTimeoutMs?: number;
}

const START_TIMEOUT_MS = 20_000;
const STOP_TIMEOUT_MS = 15_000;
/** Log lines kept for a failing test to show. */
const LINES_MAX = 500;

const running = new Set<ChildApp>();

export class ChildApp {
  /** Its newest log lines. */
  readonly lines: string[] = [];
  /** Resolves with the exit code, or 128 + the signal's number as shells do. */
  readonly ended: Promise<number>;
  http = '';
  grpc = '';
  /** The node process itself, even when it runs under another program. */
  pid = 0;

  private constructor(private readonly child: ChildProcess) {
    running.add(this);
    this.ended = once(child, 'close').then(([code, signal]) => {
      running.delete(this);
      return (code as number | null) ?? (signal === 'SIGKILL' ? 137 : 143);
    });
  }

  /**
   * Starts the app and resolves when it listens. @throws when it ends or stays silent instead, with its last
   * lines.
   */
  static async start(options: ChildAppOptions): Promise<ChildApp> {
    const { main, args = [], under = [], cwd, startTimeoutMs = START_TIMEOUT_MS } = options;
    const [program, ...rest] = [...under, process.execPath, '--enable-source-maps', main, ...args];
    const child = spawn(program as string, rest, { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
    const app = new ChildApp(child);
    const listening = new Promise<'listening'>((resolve) => app.#readLines(() => resolve('listening')));
    const timeout = new AbortController();
    const late = new Promise<'late'>((resolve) => {
      const timer = setTimeout(() => resolve('late'), startTimeoutMs);
      timeout.signal.addEventListener('abort', () => clearTimeout(timer));
    });
    const outcome = await Promise.race([listening, late, app.ended]);
    timeout.abort();
    if (outcome === 'listening') return app;
    await app.kill();
    throw new Error(`${main} did not start (${String(outcome)}):\n${app.lines.slice(-20).join('\n')}`);
  }

  /** SIGTERM, then SIGKILL if it does not end in time; resolves with the exit code. */
  async stop(): Promise<number> {
    this.signal('SIGTERM');
    const timer = setTimeout(() => this.signal('SIGKILL'), STOP_TIMEOUT_MS);
    const code = await this.ended;
    clearTimeout(timer);
    return code;
  }

  /** SIGKILL; resolves when it is gone. */
  async kill(): Promise<void> {
    this.signal('SIGKILL');
    await this.ended;
  }

  signal(signal: NodeJS.Signals): void {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    try {
      process.kill(this.pid || (this.child.pid as number), signal);
    } catch {
      // It ended between the check and the signal.
    }
  }

  #readLines(onListening: () => void): void {
    for (const stream of [this.child.stdout, this.child.stderr]) {
      createInterface({ input: stream as NodeJS.ReadableStream }).on('line', (line) => {
        this.lines.push(line);
        if (this.lines.length > LINES_MAX) this.lines.shift();
        this.#learn(line, onListening);
      });
    }
  }

  #learn(line: string, onListening: () => void): void {
    if (!line.startsWith('{')) return;
    const { msg, pid, http = '', grpc = '' } = JSON.parse(line) as Record<string, never>;
    if (typeof pid === 'number') this.pid = pid;
    if (msg !== 'listening') return;
    this.http = http;
    this.grpc = grpc;
    onListening();
  }
}

/** Kills whatever {@link ChildApp.start} started and is still there. */
export async function stopAll(): Promise<void> {
  await Promise.all([...running].map((app) => app.kill()));
}
