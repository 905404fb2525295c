import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { addDiskstats } from './diskstats.ts';
import { addLoadavg, addUptime } from './loadavg.ts';
import { addMeminfo } from './meminfo.ts';
import { addSpace, parseMounts } from './mounts.ts';
import { addNetDev } from './net-dev.ts';
import { Samples } from './samples.ts';
import { addStat } from './stat.ts';

const fixture = (name: string): string =>
  readFileSync(new URL(`../../testdata/${name}.txt`, import.meta.url), 'utf8');

function parsed(add: (text: string, samples: Samples) => void, text: string): Record<string, number> {
  const samples = new Samples();
  add(text, samples);
  return Object.fromEntries(samples.values);
}

test('stat: CPU seconds per core and mode, guest time not twice, and the counts', () => {
  const values = parsed(addStat, fixture('stat'));
  expect(values).toMatchObject({
    'cpu_seconds_total{cpu="0",mode="user"}': 487.91,
    'cpu_seconds_total{cpu="1",mode="idle"}': 2092.97,
    'cpu_seconds_total{cpu="0",mode="steal"}': 73.02,
    context_switches_total: 4_021_915,
    forks_total: 19_650,
    processes_running: 2,
    processes_blocked: 1,
  });
  expect(Object.keys(values)).toHaveLength(2 * 8 + 4);
});

test('meminfo: bytes, and only lines in kB', () => {
  expect(parsed(addMeminfo, fixture('meminfo'))).toEqual({
    memory_total_bytes: 25_276_514_304,
    memory_free_bytes: 21_985_935_360,
    memory_available_bytes: 22_626_430_976,
    memory_buffers_bytes: 3_497_984,
    memory_cached_bytes: 763_736_064,
    swap_total_bytes: 2_147_483_648,
    swap_free_bytes: 2_048_000_000,
  });
});

test('diskstats: whole disks without partitions and virtual devices', () => {
  const values = parsed(addDiskstats, fixture('diskstats'));
  expect(new Set(Object.keys(values).map((key) => /device="(\w+)"/.exec(key)?.[1]))).toEqual(
    new Set(['vda', 'sda', 'nvme0n1']),
  );
  expect(values).toMatchObject({
    'disk_reads_total{device="vda"}': 162_957,
    'disk_read_bytes_total{device="vda"}': 6_824_098 * 512,
    'disk_written_bytes_total{device="vda"}': 4_952_080 * 512,
    'disk_io_seconds_total{device="vda"}': 68.712,
  });
});

test('net/dev: also where a name touches its number', () => {
  const values = parsed(addNetDev, fixture('net-dev'));
  expect(values).toMatchObject({
    'network_receive_bytes_total{device="eth0"}': 1_234_567_890,
    'network_receive_errors_total{device="eth0"}': 1,
    'network_transmit_bytes_total{device="eth0"}': 987_654_321,
    'network_transmit_drops_total{device="eth0"}': 4,
  });
  expect(Object.keys(values)).toHaveLength(16);
});

test('mounts: real filesystems, each device once, with blanks in paths restored', () => {
  const mounts = parseMounts(fixture('mounts'));
  expect(mounts.map((mount) => mount.mountpoint)).toEqual(['/', '/mnt/with space']);
  const samples = new Samples();
  addSpace(mounts[0] as never, { bsize: 4_096, blocks: 10, bfree: 5, bavail: 4 }, samples);
  expect(Object.fromEntries(samples.values)).toEqual({
    'filesystem_size_bytes{fstype="ext4",mountpoint="/"}': 40_960,
    'filesystem_free_bytes{fstype="ext4",mountpoint="/"}': 20_480,
    'filesystem_available_bytes{fstype="ext4",mountpoint="/"}': 16_384,
  });
});

test('loadavg and uptime', () => {
  expect(parsed(addLoadavg, '1.62 1.54 1.25 2/161 19650\n')).toEqual({
    load1: 1.62,
    load5: 1.54,
    load15: 1.25,
  });
  expect(parsed(addUptime, '3004.20 4446.00\n')).toEqual({ uptime_seconds: 3_004.2 });
});

describe('what a kernel words differently is left out, never guessed', () => {
  test.each([
    { title: 'stat', add: addStat },
    { title: 'meminfo', add: addMeminfo },
    { title: 'diskstats', add: addDiskstats },
    { title: 'net/dev', add: addNetDev },
    { title: 'loadavg', add: addLoadavg },
    { title: 'uptime', add: addUptime },
  ])('$title', ({ add }) => {
    for (const text of ['', '\n\n', 'cpu0\nMemTotal: many kB\neth0: x y z\n8 0 sda', '\0']) {
      expect(Object.values(parsed(add, text)).every(Number.isFinite)).toBe(true);
    }
  });
});
