/**
 * `/proc/mounts`: the real filesystems, each device once, by its first mount point (bind mounts repeat the
 * numbers).
 */
import { fieldsOf, type Samples } from './samples.ts';

const REAL = new Set([
  'ext2',
  'ext3',
  'ext4',
  'xfs',
  'btrfs',
  'f2fs',
  'zfs',
  'vfat',
  'exfat',
  'ntfs3',
  'bcachefs',
]);

export interface Mount {
  readonly device: string;
  readonly mountpoint: string;
  readonly fstype: string;
}

/** What statfs(2) tells, as Node names it. */
export interface Space {
  readonly bsize: number;
  readonly blocks: number;
  readonly bfree: number;
  readonly bavail: number;
}

export function parseMounts(text: string): readonly Mount[] {
  const byDevice = new Map<string, Mount>();
  for (const [device = '', path = '', fstype = ''] of fieldsOf(text)) {
    if (!REAL.has(fstype) || byDevice.has(device)) continue;
    byDevice.set(device, { device, mountpoint: unescapeOctal(path), fstype });
  }
  return [...byDevice.values()];
}

export function addSpace({ mountpoint, fstype }: Mount, space: Space, samples: Samples): void {
  const labels = { mountpoint, fstype };
  samples.add('filesystem_size_bytes', space.blocks * space.bsize, labels);
  samples.add('filesystem_free_bytes', space.bfree * space.bsize, labels);
  samples.add('filesystem_available_bytes', space.bavail * space.bsize, labels);
}

/** Blanks and backslashes in paths are written as three octal digits. */
function unescapeOctal(path: string): string {
  return path.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}
