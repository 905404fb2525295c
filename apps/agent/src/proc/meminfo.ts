/** `/proc/meminfo` (proc_meminfo(5)): memory and swap in bytes. */
import { fieldsOf, type Samples } from './samples.ts';

const NAMES: Readonly<Record<string, string>> = {
  'MemTotal:': 'memory_total_bytes',
  'MemAvailable:': 'memory_available_bytes',
  'MemFree:': 'memory_free_bytes',
  'Cached:': 'memory_cached_bytes',
  'Buffers:': 'memory_buffers_bytes',
  'SwapTotal:': 'swap_total_bytes',
  'SwapFree:': 'swap_free_bytes',
};

export function addMeminfo(text: string, samples: Samples): void {
  for (const [label = '', amount, unit] of fieldsOf(text)) {
    const name = NAMES[label];
    if (name !== undefined && unit === 'kB') samples.add(name, Number(amount) * 1_024);
  }
}
