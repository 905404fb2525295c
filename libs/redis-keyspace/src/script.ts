/**
 * A Lua script with its contract. Redis runs a script as one step, so a script is the transaction of this key
 * space.
 *
 * 1. A script touches only the keys it declares, so that Redis Cluster and ACLs can check it.
 * 2. Its arguments are built and its reply is read by the functions beside it, never by hand.
 * 3. Redis refuses a writing script as a whole when it is out of memory, where a pipeline would write a part.
 */
export interface Script {
  /** Name for logs and for clients that register scripts. */
  readonly name: string;
  readonly lua: string;
}

/** The keys and arguments of one call, in the order of `EVAL script numkeys key… arg…`. */
export interface ScriptCall {
  readonly keys: readonly string[];
  readonly args: readonly (string | Buffer)[];
}
