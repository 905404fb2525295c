/**
 * One text per JSON value, and its hash. Equal content is recognised by its hash, so the text must depend on
 * the value alone: object keys in code unit order, no white space, numbers as JavaScript writes them (as RFC
 * 8785 does).
 *
 * 1. Distinct values have distinct texts: 1 is not "1", [] is not {}, and a key is never mistaken for a
 *    value.
 * 2. What JSON cannot hold (undefined, NaN, functions) is refused, never dropped or turned into null.
 */
import { createHash } from 'node:crypto';
import { Fault } from '@ringwatch/kernel';

/** Anything that JSON can hold. */
export type JsonValue =
  | null
  | boolean
  | number
  | string
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue };

/** Nesting of a document; deeper ones are refused before they can exhaust the stack. */
export const DEPTH_MAX = 32;

/** The canonical text of `value`. @throws {Fault} `invalid_argument` for what JSON cannot hold. */
export function canonicalJson(value: unknown): string {
  return textOf(value, 0);
}

/** SHA-256 of a canonical text, hex. */
export function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function textOf(value: unknown, depth: number): string {
  if (depth > DEPTH_MAX) throw refused(`it is nested deeper than ${DEPTH_MAX}`);
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'number' && Number.isFinite(value)) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map((item) => textOf(item, depth + 1)).join(',')}]`;
  if (typeof value === 'object') return objectText(value as Readonly<Record<string, unknown>>, depth);
  throw refused(`it holds ${typeof value === 'number' ? value : typeof value}`);
}

function objectText(value: Readonly<Record<string, unknown>>, depth: number): string {
  const fields = Object.keys(value)
    .sort()
    .map((key) => {
      // Merging such an object somewhere would change every object's prototype.
      if (key === '__proto__') throw refused('it holds the key __proto__');
      return `${JSON.stringify(key)}:${textOf(value[key], depth + 1)}`;
    });
  return `{${fields.join(',')}}`;
}

function refused(why: string): Fault {
  return new Fault('invalid_argument', `not a JSON document: ${why}`, { reason: 'document_not_json' });
}
