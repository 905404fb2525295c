import { Fault } from '@ringwatch/kernel';
import type { z } from 'zod';

/**
 * Parameters as `schema` says, defaults filled in.
 * @throws {Fault} `invalid_argument`, reason `invalid_query`, naming every parameter that is wrong.
 */
export function checkQuery<S extends z.ZodType>(schema: S, given: unknown): z.output<S> {
  const checked = schema.safeParse(given);
  if (checked.success) return checked.data;
  const faults = checked.error.issues.map(({ path, message }) => [...path.map(String), message].join(': '));
  throw new Fault('invalid_argument', faults.join('; '), { reason: 'invalid_query' });
}
