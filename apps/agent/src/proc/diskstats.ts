/**
 * `/proc/diskstats` (kernel's iostats.rst): whole disks only, for a partition's traffic is in its disk's
 * already.
 */
import { fieldsOf, type Samples } from './samples.ts';

/** The kernel counts sectors of 512 bytes whatever the disk's own are. */
const SECTOR_BYTES = 512;
const VIRTUAL = /^(loop|ram|zram|fd|sr)\d+$/;
const PARTITION = /^((s|h|v|xv)d[a-z]+\d+|(nvme\d+n|mmcblk|nbd)\d+p\d+)$/;

export function addDiskstats(text: string, samples: Samples): void {
  for (const [, , device = '', ...fields] of fieldsOf(text)) {
    if (VIRTUAL.test(device) || PARTITION.test(device)) continue;
    const [reads, , sectorsRead, , writes, , sectorsWritten, , , busyMs] = fields.map(Number);
    const labels = { device };
    samples.add('disk_reads_total', reads ?? Number.NaN, labels);
    samples.add('disk_writes_total', writes ?? Number.NaN, labels);
    samples.add('disk_read_bytes_total', (sectorsRead ?? Number.NaN) * SECTOR_BYTES, labels);
    samples.add('disk_written_bytes_total', (sectorsWritten ?? Number.NaN) * SECTOR_BYTES, labels);
    samples.add('disk_io_seconds_total', (busyMs ?? Number.NaN) / 1_000, labels);
  }
}
