/**
 * What a power loss would leave of a log: a system-call trace tells which bytes were written and which of
 * them a successful fdatasync covered; the rest is cut off. A kill alone proves little, for the kernel keeps
 * unsynced pages.
 */
import { readFileSync, truncateSync } from 'node:fs';

const WRITE = /pwrite64\(\d+<([^>]+)>, .*, (\d+), (\d+)\)\s+=\s+(\d+)$/;
const SYNC = /fdatasync\(\d+<([^>]+)>\)\s+=\s+0$/;
const UNFINISHED = /^(\d+)\s+(.*) <unfinished \.\.\.>$/;
const RESUMED = /^(\d+)\s+<\.\.\. \w+ resumed>(.*)$/;

export interface SyncedExtent {
  readonly path: string;
  /** Bytes from the start of the file that a sync covered. */
  readonly syncedBytes: number;
  readonly writtenBytes: number;
}

/**
 * How far each log file was written and synced, by the trace in `file` (`strace -f -y -e
 * trace=pwrite64,fdatasync`).
 */
export function readTrace(file: string): SyncedExtent[] {
  const written = new Map<string, number>();
  const synced = new Map<string, number>();
  for (const line of wholeCalls(readFileSync(file, 'utf8'))) {
    const write = WRITE.exec(line);
    if (write !== null) {
      const [, path, , position, count] = write as unknown as [string, string, string, string, string];
      written.set(path, Math.max(written.get(path) ?? 0, Number(position) + Number(count)));
    }
    const path = SYNC.exec(line)?.[1];
    if (path !== undefined) synced.set(path, written.get(path) ?? 0);
  }
  return Array.from(written, ([path, writtenBytes]) => ({
    path,
    writtenBytes,
    syncedBytes: synced.get(path) ?? 0,
  }));
}

/** Cuts every log file at what was synced; returns the bytes lost. */
export function losePower(extents: readonly SyncedExtent[]): number {
  let lost = 0;
  for (const { path, syncedBytes, writtenBytes } of extents) {
    if (!path.endsWith('.log')) continue;
    lost += writtenBytes - syncedBytes;
    truncateSync(path, syncedBytes);
  }
  return lost;
}

/** Lines of the trace with calls that were interrupted by other threads put together again. */
function* wholeCalls(trace: string): Generator<string> {
  const open = new Map<string, string>();
  for (const line of trace.split('\n')) {
    const unfinished = UNFINISHED.exec(line);
    const resumed = RESUMED.exec(line);
    if (unfinished !== null) open.set(unfinished[1] as string, unfinished[2] as string);
    else if (resumed !== null) yield `${open.get(resumed[1] as string) ?? ''}${resumed[2]}`;
    else yield line;
  }
}
