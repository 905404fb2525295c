/** `/proc/loadavg` and `/proc/uptime`: the two one-line files. */
import { fieldsOf, type Samples } from './samples.ts';

export function addLoadavg(text: string, samples: Samples): void {
  const [load1, load5, load15] = fieldsOf(text)[0] ?? [];
  samples.add('load1', Number(load1));
  samples.add('load5', Number(load5));
  samples.add('load15', Number(load15));
}

export function addUptime(text: string, samples: Samples): void {
  samples.add('uptime_seconds', Number(fieldsOf(text)[0]?.[0]));
}
