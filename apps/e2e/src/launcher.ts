/** `npm start` as a user runs it, on free ports and fresh data. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT } from './system.ts';

const START_TIMEOUT_MS = 60_000;

export interface Launched {
  /** The page, ending in a slash. */
  readonly url: string;
  readonly broker: string;
  readonly configSync: string;
  readonly data: string;
  /** What was printed. */
  readonly output: () => string;
  /** From the command to the printed URL. */
  readonly startedMs: number;
  /** Process ids of the launcher's apps. */
  readonly children: () => Promise<number[]>;
  /** Ctrl-C; resolves with the exit code. */
  stop(): Promise<number>;
}

const launchers = new Set<ChildProcess>();

/** Starts the system and resolves when it prints the page's URL. */
export async function launch(...flags: string[]): Promise<Launched> {
  const data = mkdtempSync(join(tmpdir(), 'ringwatch-start-'));
  const child = startCommand('--port-base', String(await freePortBase()), '--data', data, ...flags);
  const fromMs = performance.now();
  let output = '';
  const keep = (chunk: Buffer): void => void (output += chunk.toString());
  child.stdout?.on('data', keep);
  child.stderr?.on('data', keep);
  const url = await new Promise<string>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`not started:\n${output}`)), START_TIMEOUT_MS);
    child.stdout?.on('data', () => {
      const found = /Open (http\S+)/.exec(output)?.[1];
      if (found === undefined) return;
      clearTimeout(timer);
      resolve(found);
    });
    child.once('close', (code) => reject(new Error(`ended with ${code}:\n${output}`)));
  });
  const address = (name: string): string => new RegExp(`${name}\\s+(http\\S+)`).exec(output)?.[1] ?? '';
  return {
    url,
    broker: address('broker'),
    configSync: address('config-sync'),
    data,
    output: () => output,
    startedMs: performance.now() - fromMs,
    children: () => childrenOf(child.pid as number),
    stop: () => interrupt(child),
  };
}

/** The launcher as a child of its own, for starts that are meant to fail. */
export function startCommand(...flags: string[]): ChildProcess {
  const child = spawn('node', ['tools/run.mjs', 'node', 'tools/start.mjs', ...flags], { cwd: ROOT });
  launchers.add(child);
  child.once('close', () => launchers.delete(child));
  return child;
}

/** Stops every launcher that is still there. */
export async function stopLaunchers(): Promise<void> {
  await Promise.all([...launchers].map(interrupt));
}

async function interrupt(child: ChildProcess): Promise<number> {
  if (child.exitCode !== null) return child.exitCode;
  const closed = once(child, 'close');
  child.kill('SIGINT');
  const [code] = (await closed) as [number | null];
  return code ?? -1;
}

/** Processes below `pid`, the launcher's wrappers left out. */
async function childrenOf(pid: number): Promise<number[]> {
  const list = spawn('ps', ['-eo', 'pid=,ppid=,args=']);
  let text = '';
  list.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
  await once(list, 'close');
  const rows = text.split('\n').map((line) => /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line)?.slice(1) ?? []);
  const below = (parent: number): number[] =>
    rows.filter(([, ppid]) => Number(ppid) === parent).flatMap(([id]) => [Number(id), ...below(Number(id))]);
  const apps = new Set(
    rows.filter(([, , args]) => args?.includes('bundle/main.js')).map(([id]) => Number(id)),
  );
  return below(pid).filter((id) => apps.has(id));
}

/** A base with six free ports above it, below the range that the kernel hands out. */
async function freePortBase(): Promise<number> {
  for (;;) {
    const base = 20_000 + Math.floor(Math.random() * 1_200) * 10;
    const free = await Promise.all(Array.from({ length: 6 }, (_, i) => isFree(base + i)));
    if (free.every(Boolean)) return base;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.on('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
