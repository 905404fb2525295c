/**
 * HTTP's conditional requests (RFC 9110 section 13) on documents: the entity tag is the version,
 * `"epoch-index"`.
 */
import {
  NO_VERSION,
  formatVersion,
  parseVersion,
  type ConfigVersion,
  type WriteOptions,
} from '@ringwatch/config-store';
import { Fault } from '@ringwatch/kernel';

/** The entity tag of a version. */
export function etagOf(version: ConfigVersion): string {
  return `"${formatVersion(version)}"`;
}

/**
 * What `If-Match: "epoch-index"` and `If-None-Match: *` ask of a write.
 * @throws {Fault} `invalid_argument`, reason `condition_malformed`, for every other form: a condition that is
 *   not understood must not be ignored.
 */
export function conditionOf(ifMatch: string | undefined, ifNoneMatch: string | undefined): WriteOptions {
  if (ifMatch === undefined && ifNoneMatch === undefined) return {};
  if (ifMatch === undefined && ifNoneMatch === '*') return { ifVersion: NO_VERSION };
  const version =
    ifNoneMatch === undefined ? parseVersion(/^"([^"]*)"$/.exec(ifMatch ?? '')?.[1] ?? '') : undefined;
  if (version !== undefined) return { ifVersion: version };
  const detail = 'a condition is either If-Match with one "epoch-index" or If-None-Match: *';
  throw new Fault('invalid_argument', detail, { reason: 'condition_malformed' });
}
