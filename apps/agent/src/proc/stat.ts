/**
 * `/proc/stat` (proc_stat(5)): CPU time per core and mode, context switches, forks, running and blocked
 * processes.
 */
import { fieldsOf, type Samples } from './samples.ts';

/** Modes in the order of the columns. `guest` is part of `user` already and would be counted twice. */
const MODES = ['user', 'nice', 'system', 'idle', 'iowait', 'irq', 'softirq', 'steal'] as const;
/** USER_HZ is 100 on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;

const COUNTS: Readonly<Record<string, string>> = {
  ctxt: 'context_switches_total',
  processes: 'forks_total',
  procs_running: 'processes_running',
  procs_blocked: 'processes_blocked',
};

export function addStat(text: string, samples: Samples): void {
  for (const [name = '', ...fields] of fieldsOf(text)) {
    const count = COUNTS[name];
    if (count !== undefined) samples.add(count, Number(fields[0]));
    const cpu = /^cpu(\d+)$/.exec(name)?.[1];
    if (cpu === undefined) continue;
    for (const [i, mode] of MODES.entries()) {
      samples.add('cpu_seconds_total', Number(fields[i]) / TICKS_PER_SECOND, { cpu, mode });
    }
  }
}
