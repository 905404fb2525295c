import { mkdir, open, readdir, rename, unlink, type FileHandle } from 'node:fs/promises';
import { constants } from 'node:fs';
import type { Disk, DiskFile } from './disk.ts';

/** The machine's own disk. */
export const nodeDisk: Disk = {
  makeFolder: async (path) => void (await mkdir(path, { recursive: true })),
  list: (path) => readdir(path),
  open: async (path, create) =>
    new NodeFile(await open(path, constants.O_RDWR | (create ? constants.O_CREAT : 0), 0o640)),
  rename: (from, to) => rename(from, to),
  remove: (path) => unlink(path),
  syncFolder: async (path) => {
    const folder = await open(path, constants.O_RDONLY);
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  },
};

class NodeFile implements DiskFile {
  constructor(private readonly handle: FileHandle) {}

  async sizeBytes(): Promise<number> {
    return (await this.handle.stat()).size;
  }

  async read(target: Buffer, position: number): Promise<number> {
    let filled = 0;
    while (filled < target.length) {
      const { bytesRead } = await this.handle.read(target, filled, target.length - filled, position + filled);
      if (bytesRead === 0) break;
      filled += bytesRead;
    }
    return filled;
  }

  async write(source: Buffer, position: number): Promise<void> {
    let written = 0;
    while (written < source.length) {
      const { bytesWritten } = await this.handle.write(
        source,
        written,
        source.length - written,
        position + written,
      );
      written += bytesWritten;
    }
  }

  truncate(sizeBytes: number): Promise<void> {
    return this.handle.truncate(sizeBytes);
  }

  sync(): Promise<void> {
    return this.handle.datasync();
  }

  close(): Promise<void> {
    return this.handle.close();
  }
}
