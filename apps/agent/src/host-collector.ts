/**
 * This machine's metrics at one instant: a dozen small reads, parsed by `proc/`. A file that is missing (a
 * container, an odd kernel) costs its metrics and nothing else.
 */
import { readdir, readFile, statfs } from 'node:fs/promises';
import type { Logger } from '@ringwatch/kernel';
import { addDiskstats } from './proc/diskstats.ts';
import { addLoadavg, addUptime } from './proc/loadavg.ts';
import { addMeminfo } from './proc/meminfo.ts';
import { addSpace, parseMounts } from './proc/mounts.ts';
import { addNetDev } from './proc/net-dev.ts';
import { Samples } from './proc/samples.ts';
import { addStat } from './proc/stat.ts';

type Source = (samples: Samples) => Promise<void>;

/** Filesystems looked at; a machine with more has them from other tools. */
const MOUNTS_MAX = 64;

export class HostCollector {
  readonly #sources: ReadonlyMap<string, Source>;
  readonly #logger: Logger;
  /** Sources that failed last time, so that a missing file is logged once and not each second. */
  readonly #failing = new Set<string>();

  /** @param root prefix of `/proc`: `/` on a host, another for tests or a mounted host. */
  constructor(logger: Logger, root = '/') {
    const proc = `${root.replace(/\/$/, '')}/proc`;
    const file =
      (name: string, add: (text: string, samples: Samples) => void): Source =>
      async (samples) =>
        add(await readFile(`${proc}/${name}`, 'utf8'), samples);
    this.#logger = logger;
    this.#sources = new Map<string, Source>([
      ['stat', file('stat', addStat)],
      ['meminfo', file('meminfo', addMeminfo)],
      ['loadavg', file('loadavg', addLoadavg)],
      ['uptime', file('uptime', addUptime)],
      ['diskstats', file('diskstats', addDiskstats)],
      ['network', file('net/dev', addNetDev)],
      ['filesystems', async (samples) => addFilesystems(await readFile(`${proc}/mounts`, 'utf8'), samples)],
      ['agent', addOwnProcess],
    ]);
  }

  /** Values by series key. Never rejects. */
  async collect(): Promise<ReadonlyMap<string, number>> {
    const samples = new Samples();
    await Promise.all([...this.#sources].map(async ([name, source]) => this.#run(name, source, samples)));
    return samples.values;
  }

  async #run(name: string, source: Source, samples: Samples): Promise<void> {
    try {
      await source(samples);
      this.#failing.delete(name);
    } catch (error) {
      if (!this.#failing.has(name))
        this.#logger.warn({ error, source: name }, 'cannot read a source of metrics');
      this.#failing.add(name);
    }
  }
}

async function addFilesystems(text: string, samples: Samples): Promise<void> {
  const mounts = parseMounts(text).slice(0, MOUNTS_MAX);
  await Promise.all(mounts.map(async (mount) => addSpace(mount, await statfs(mount.mountpoint), samples)));
}

async function addOwnProcess(samples: Samples): Promise<void> {
  const { user, system } = process.cpuUsage();
  samples.add('agent_cpu_seconds_total', (user + system) / 1e6);
  samples.add('agent_resident_bytes', process.memoryUsage.rss());
  samples.add('agent_open_fds', (await readdir('/proc/self/fd')).length);
}
