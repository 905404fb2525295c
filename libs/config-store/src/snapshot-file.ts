/**
 * The last good copy on disk, for a start while every source is away. It is a cache: a damaged one is
 * reported and not used, and the next write replaces it.
 */
import { createHash } from 'node:crypto';
import { mkdir, open, readFile, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Fault, toFault } from '@ringwatch/kernel';
import type { ConfigDocument } from './document.ts';

const FORMAT = 'ringwatch-config-snapshot';
const VERSION = 1;

/** What a reader knew at one moment. */
export interface Snapshot {
  /** When a live source last confirmed it, Unix milliseconds. */
  readonly confirmedAtMs: number;
  readonly documents: readonly ConfigDocument[];
}

/**
 * The snapshot at `path`, or undefined when there is none. @throws {Fault} `data_loss` when it is damaged.
 */
export async function readSnapshot(path: string): Promise<Snapshot | undefined> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw toFault(error, 'unavailable');
  }
  const end = text.indexOf('\n');
  try {
    const header = JSON.parse(text.slice(0, end)) as { format: string; version: number; sha256: string };
    const body = text.slice(end + 1);
    if (header.format === FORMAT && header.version === VERSION && header.sha256 === sha256(body)) {
      return JSON.parse(body) as Snapshot;
    }
  } catch {
    // Not JSON; the same answer.
  }
  throw new Fault('data_loss', `${path} is damaged and not used`, { reason: 'snapshot_damaged' });
}

/**
 * Replaces the snapshot in one step. @throws {Fault} `unavailable` when the disk refuses; the old one then
 * stands.
 */
export async function writeSnapshot(path: string, snapshot: Snapshot): Promise<void> {
  const body = JSON.stringify(snapshot);
  const header = JSON.stringify({ format: FORMAT, version: VERSION, sha256: sha256(body) });
  try {
    await mkdir(dirname(path), { recursive: true });
    const file = await open(`${path}.next`, 'w', 0o600);
    try {
      await file.writeFile(`${header}\n${body}`);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(`${path}.next`, path);
  } catch (error) {
    throw new Fault('unavailable', `could not write ${path}`, {
      cause: error,
      reason: 'snapshot_not_written',
    });
  }
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
