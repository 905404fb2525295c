/**
 * The disk as a port, so that a simulated one can lose what was not synced. Paths are absolute or relative to
 * the process.
 */
export interface Disk {
  /** Creates a folder and its parents; no fault when it exists. */
  makeFolder(path: string): Promise<void>;
  /** Names in a folder, in no order. */
  list(path: string): Promise<string[]>;
  /** Opens a file for reading and writing; creates it when `create` is true, otherwise it must exist. */
  open(path: string, create: boolean): Promise<DiskFile>;
  rename(from: string, to: string): Promise<void>;
  remove(path: string): Promise<void>;
  /** Makes creations, renames and removals in a folder durable. */
  syncFolder(path: string): Promise<void>;
}

export interface DiskFile {
  sizeBytes(): Promise<number>;
  /** Reads into all of `target`; resolves with the bytes read, fewer at the end of the file. */
  read(target: Buffer, position: number): Promise<number>;
  write(source: Buffer, position: number): Promise<void>;
  truncate(sizeBytes: number): Promise<void>;
  /** Resolves when all data written so far is on stable storage (fdatasync). */
  sync(): Promise<void>;
  close(): Promise<void>;
}
