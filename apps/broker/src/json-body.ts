/**
 * JSON bodies from strangers: decompressed, decoded and parsed within limits, each refusal with its own
 * reason.
 *
 * 1. Inflating stops at the limit, so a bomb costs no more than a large honest body.
 * 2. Bytes that are not UTF-8 are refused, not replaced.
 * 3. Keys that would reach a prototype and nesting beyond the limit are refused after parsing; parsing alone
 *    is harmless.
 */
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { Fault } from '@ringwatch/kernel';
import { jsonShapeFault, type Limits } from '@ringwatch/metrics';

const gunzipAsync = promisify(gunzip);
const utf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * @param encoding the request's Content-Encoding.
 * @throws {Fault} `invalid_argument`: `unsupported_encoding`, `body_too_large`, `malformed_gzip`,
 *   `malformed_utf8`, `malformed_json`, `too_deep`, `reserved_key`.
 */
export async function parseJsonBody(
  body: Buffer,
  encoding: string | undefined,
  limits: Limits,
): Promise<unknown> {
  if (body.length > limits.requestBytesMax) throw tooLarge(limits.requestBytesMax);
  const text = decode(await inflate(body, encoding, limits.inflatedBytesMax));
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw invalid('malformed_json', 'the body is not JSON', error);
  }
  const fault = jsonShapeFault(value, limits.jsonDepthMax);
  if (fault !== undefined) throw fault;
  return value;
}

async function inflate(body: Buffer, encoding: string | undefined, maxBytes: number): Promise<Buffer> {
  if (encoding === undefined || encoding === 'identity') return body;
  if (encoding !== 'gzip') {
    throw invalid(
      'unsupported_media_type',
      `content encoding ${JSON.stringify(encoding.slice(0, 40))} is not gzip`,
    );
  }
  try {
    return await gunzipAsync(body, { maxOutputLength: maxBytes });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge(maxBytes);
    throw invalid('malformed_gzip', 'the body is not gzip', error);
  }
}

function decode(bytes: Buffer): string {
  try {
    return utf8.decode(bytes);
  } catch (error) {
    throw invalid('malformed_utf8', 'the body is not UTF-8', error);
  }
}

function tooLarge(maxBytes: number): Fault {
  return invalid('body_too_large', `the body is larger than ${maxBytes} bytes`);
}

function invalid(reason: string, message: string, cause?: unknown): Fault {
  return new Fault('invalid_argument', message, { reason, cause });
}
