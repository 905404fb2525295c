/** Documents as messages of the protocol. */
import { canonicalJson, type StoredDocument, type WriteResult } from '@ringwatch/config-store';
import type { Document } from '@ringwatch/contracts';
import { Fault } from '@ringwatch/kernel';

/** The value in a message. @throws {Fault} `invalid_argument`, reason `malformed_json`. */
export function parseValue(valueJson: string): unknown {
  try {
    return JSON.parse(valueJson) as unknown;
  } catch (error) {
    throw new Fault('invalid_argument', 'value_json is not JSON', { reason: 'malformed_json', cause: error });
  }
}

/** A document that was read. */
export function fromStored({ family, key, value, version, hash }: StoredDocument): Document {
  const valueJson = canonicalJson(value);
  return { family, key, valueJson, version, hash, deleted: false, changed: false, copy: '' };
}

/** A document that was written or deleted. */
export function fromWrite({ document, changed, copy }: WriteResult): Document {
  const { family, key, version, hash, text } = document;
  return { family, key, valueJson: text ?? '', version, hash, deleted: text === undefined, changed, copy };
}
