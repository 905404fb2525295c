/** A broken assertion: our bug, never the world's. Nothing catches it; the process ends and is restarted. */
export class AssertionError extends Error {
  override readonly name = 'AssertionError';
}

/** Crashes with `message` unless `condition` holds. For our own invariants, not for input. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new AssertionError(message);
}

/** Makes the compiler find a missing case; crashes if one slips through at run time. */
export function unreachable(value: never): never {
  throw new AssertionError(`unreachable: ${JSON.stringify(value)}`);
}
