/**
 * The file of the embedded store: a whole state per write, replaced in one step. Configuration is small and
 * rare, so simplicity wins over an append log; a crash leaves the old file or the new one, never a part.
 *
 * Line 1 is a header `{"format","version","index","sha256"}`, each further line one entry; the hash covers
 * those lines.
 *
 * 1. A write is durable when `writeTable` resolves: data synced, renamed, folder synced.
 * 2. What does not match its hash, its format or its version is refused and left alone, never overwritten.
 */
import { createHash } from 'node:crypto';
import { open, readFile, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Fault, toFault } from '@ringwatch/kernel';
import type { KvEntry } from './kv-store.ts';
import { KvTable } from './kv-table.ts';

const FORMAT = 'ringwatch-kv';
const VERSION = 1;

interface Header {
  readonly format: string;
  readonly version: number;
  readonly index: number;
  readonly sha256: string;
}

type Line = readonly [
  key: string,
  valueBase64: string,
  flags: number,
  createIndex: number,
  modifyIndex: number,
];

/**
 * The stored state; an absent file is an empty store.
 * @throws {Fault} `data_loss` when the file is damaged, `failed_precondition` when a newer version wrote it.
 */
export async function readTable(path: string): Promise<KvTable> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return new KvTable();
    throw toFault(error, 'unavailable');
  }
  const end = text.indexOf('\n');
  const header = parse(path, text.slice(0, Math.max(0, end))) as Header;
  if (header.format !== FORMAT) throw damaged(path, 'it is no store');
  if (header.version !== VERSION) {
    const detail = `${path} has version ${header.version}, this program reads ${VERSION}`;
    throw new Fault('failed_precondition', detail, { reason: 'kv_file_version' });
  }
  const body = text.slice(end + 1);
  if (sha256(body) !== header.sha256) throw damaged(path, 'its checksum does not match');
  const lines = body.split('\n').filter((line) => line !== '');
  return new KvTable(
    header.index,
    lines.map((line) => entryOf(parse(path, line) as Line)),
  );
}

/**
 * Replaces the file by `table`. @throws {Fault} `unavailable` when the disk refuses; the old file then
 * stands.
 */
export async function writeTable(path: string, table: KvTable): Promise<void> {
  const body = [...table.entries].map((entry) => `${JSON.stringify(lineOf(entry))}\n`).join('');
  const header: Header = { format: FORMAT, version: VERSION, index: table.index, sha256: sha256(body) };
  const next = `${path}.next`;
  try {
    const file = await open(next, 'w', 0o600);
    try {
      await file.writeFile(`${JSON.stringify(header)}\n${body}`);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(next, path);
    await syncFolder(dirname(path));
  } catch (error) {
    throw new Fault('unavailable', `could not write ${path}`, { cause: error, reason: 'kv_disk_failed' });
  }
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

function lineOf({ key, value, flags, createIndex, modifyIndex }: KvEntry): Line {
  return [key, value.toString('base64'), flags, createIndex, modifyIndex];
}

function entryOf([key, valueBase64, flags, createIndex, modifyIndex]: Line): KvEntry {
  return { key, value: Buffer.from(valueBase64, 'base64'), flags, createIndex, modifyIndex, lockIndex: 0 };
}

function parse(path: string, line: string): unknown {
  try {
    return JSON.parse(line) as unknown;
  } catch {
    throw damaged(path, 'it does not parse');
  }
}

function damaged(path: string, why: string): Fault {
  const detail = `${path} is damaged: ${why}. Restore it or move it away`;
  return new Fault('data_loss', detail, { reason: 'kv_file_damaged' });
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
