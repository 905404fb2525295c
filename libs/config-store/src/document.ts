/**
 * A configuration document and how the authority keeps it: in Consul under `ringwatch/config/{family}/{key}`,
 * in an envelope, so that a deletion is a document too. Its ModifyIndex then fences the copies like any other
 * change.
 *
 * 1. An envelope of an unknown format, with a wrong hash or an invalid value is unreadable: readers report it
 *    and keep what they had.
 */
import { Fault, toFault } from '@ringwatch/kernel';
import type { KvEntry, KvListing } from '@ringwatch/consul-client';
import { canonicalJson, hashOf } from './canonical-json.ts';
import { checkFamily, checkKey, checkValue, type Family } from './families.ts';
import type { ConfigVersion } from './version.ts';

const FORMAT = 1;

/** Prefix of everything that configuration keeps in Consul. */
export const CONFIG_PREFIX = 'ringwatch/config/';

/** Key of the authority's own record: the epoch. No family can be named like it. */
export const META_KEY = `${CONFIG_PREFIX}.meta`;

export interface ConfigDocument {
  readonly family: Family;
  readonly key: string;
  readonly version: ConfigVersion;
  /** Canonical JSON; undefined means deleted. */
  readonly text: string | undefined;
  /** SHA-256 of the canonical JSON, hex; of a deleted document, empty. */
  readonly hash: string;
  /** When it was written, Unix milliseconds. */
  readonly atMs: number;
}

interface Envelope {
  readonly format: number;
  readonly atMs: number;
  readonly hash: string;
  /** Absent means deleted. */
  readonly value?: unknown;
}

/** Key in Consul. */
export function kvKeyOf(family: Family, key: string): string {
  return `${CONFIG_PREFIX}${family}/${key}`;
}

/** The envelope of a document's content. */
export function encodeEnvelope(text: string | undefined, atMs: number): string {
  const envelope = { format: FORMAT, atMs, hash: text === undefined ? '' : hashOf(text) };
  return canonicalJson(text === undefined ? envelope : { ...envelope, value: JSON.parse(text) as unknown });
}

/** @throws {Fault} `data_loss`, reason `document_unreadable`. */
export function decodeEntry(entry: KvEntry, epoch: number): ConfigDocument {
  try {
    const [familyName = '', key = ''] = entry.key.slice(CONFIG_PREFIX.length).split('/', 2);
    const family = checkFamily(familyName);
    checkKey(family, key);
    if (entry.key !== kvKeyOf(family, key)) throw new Fault('invalid_argument', 'the key has further parts');
    const { format, atMs, hash, value } = JSON.parse(entry.value.toString('utf8')) as Envelope;
    if (format !== FORMAT) throw new Fault('failed_precondition', `format ${format} is unknown`);
    const text = value === undefined ? undefined : checkValue(family, value);
    if (hash !== (text === undefined ? '' : hashOf(text)))
      throw new Fault('data_loss', 'the hash does not match');
    return { family, key, version: { epoch, index: entry.modifyIndex }, text, hash, atMs };
  } catch (error) {
    const detail = `${entry.key} is unreadable: ${toFault(error).detail}`;
    throw new Fault('data_loss', detail, { reason: 'document_unreadable', cause: error });
  }
}

/** What the authority holds at one moment. */
export interface AuthorityState {
  /** Undefined before anybody wrote: an empty or a wiped Consul. */
  readonly epoch: number | undefined;
  readonly documents: readonly ConfigDocument[];
  readonly unreadable: readonly Fault[];
}

/**
 * Reads a listing of {@link CONFIG_PREFIX}. Without an epoch there is no version, so it holds no documents
 * then.
 */
export function decodeListing({ entries }: KvListing): AuthorityState {
  const meta = entries.find(({ key }) => key === META_KEY);
  const epoch = meta === undefined ? undefined : decodeEpoch(meta);
  const documents: ConfigDocument[] = [];
  const unreadable: Fault[] = [];
  for (const entry of entries) {
    if (entry.key === META_KEY || epoch === undefined) continue;
    try {
      documents.push(decodeEntry(entry, epoch));
    } catch (error) {
      unreadable.push(toFault(error));
    }
  }
  return { epoch, documents, unreadable };
}

/** The record that carries the epoch. */
export function encodeEpoch(epoch: number): string {
  return canonicalJson({ format: FORMAT, epoch });
}

/** @throws {Fault} `data_loss`, reason `document_unreadable`. */
export function decodeEpoch(entry: KvEntry): number {
  try {
    const { format, epoch } = JSON.parse(entry.value.toString('utf8')) as { format: number; epoch: number };
    if (format === FORMAT && Number.isSafeInteger(epoch) && epoch > 0) return epoch;
  } catch {
    // Not JSON; the same answer.
  }
  throw new Fault('data_loss', `${META_KEY} is unreadable`, { reason: 'document_unreadable' });
}
