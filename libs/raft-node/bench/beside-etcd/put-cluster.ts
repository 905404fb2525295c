import { readFileSync } from 'node:fs';

/** Servers of puts that make up a cluster, one process each. */
export interface PutCluster {
  /** Where clients reach them: `host:port`. The leader comes first, if the cluster says who that is. */
  readonly addresses: readonly [string, ...string[]];
  readonly pids: readonly number[];
  stop(): Promise<void>;
}

/** What the kernel counts CPU time in for `/proc`, on every Linux that Node runs on. */
const TICK_MS = 10;
/** Fields behind the program's name, which may hold spaces and ends with the last bracket. */
const FIELD = { user: 11, system: 12 } as const;

/**
 * CPU time that the processes have used so far, all threads, user and system, milliseconds.
 * Source: proc_pid_stat(5).
 */
export function cpuMsOf(pids: readonly number[]): number {
  let ticks = 0;
  for (const pid of pids) {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    ticks += Number(fields[FIELD.user]) + Number(fields[FIELD.system]);
  }
  return ticks * TICK_MS;
}
