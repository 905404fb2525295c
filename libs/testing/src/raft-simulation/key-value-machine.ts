/** The state machine that simulations replicate: a map of strings, and a hash of all that it has applied. */
import type { Entry } from '@ringwatch/raft';
import { readSnapshot, snapshotOf, type SnapshotSource, type StateMachine } from '@ringwatch/raft-node';

/** What an entry does. */
export interface KeyValueCommand {
  readonly kind: 'put' | 'append';
  readonly key: string;
  readonly value: string;
}

export function encodeCommand(command: KeyValueCommand): Uint8Array {
  return Buffer.from(`${command.kind === 'put' ? '=' : '+'}${command.key} ${command.value}`, 'latin1');
}

export class KeyValueMachine implements StateMachine {
  #values = new Map<string, string>();
  #hash = 0;
  #applied = 0;

  /**
   * @param onApplied told the hash of all entries up to an index, after each of them.
   * @param later runs each piece of work, at once or when it would be done.
   */
  constructor(
    private readonly onApplied: (index: number, hash: number) => void,
    private readonly later: (work: () => void) => void,
  ) {}

  get applied(): number {
    return this.#applied;
  }

  get(key: string): string | null {
    return this.#values.get(key) ?? null;
  }

  apply(entries: readonly Entry[], done: () => void): void {
    this.later(() => {
      this.#apply(entries);
      done();
    });
  }

  snapshot(done: (source: SnapshotSource) => void): void {
    this.later(() => {
      const state = { values: [...this.#values], hash: this.#hash };
      done(snapshotOf(Buffer.from(JSON.stringify(state))));
    });
  }

  restore(index: number, source: SnapshotSource, done: () => void): void {
    this.later(() => {
      const text = readSnapshot(source).toString();
      const state = JSON.parse(text) as { values: [string, string][]; hash: number };
      this.#values = new Map(state.values);
      this.#hash = state.hash;
      this.#applied = index;
      done();
    });
  }

  #apply(entries: readonly Entry[]): void {
    for (const { index, data } of entries) {
      const text = Buffer.from(data.buffer, data.byteOffset, data.length).toString('latin1');
      const space = text.indexOf(' ');
      const [key, value] = [text.slice(1, space), text.slice(space + 1)];
      this.#values.set(key, text.startsWith('=') ? value : (this.#values.get(key) ?? '') + value);
      this.#hash = chained(this.#hash, index, text);
      this.#applied = index;
      this.onApplied(index, this.#hash);
    }
  }
}

/** FNV-1a over what was, the index and the command. */
function chained(before: number, index: number, text: string): number {
  let hash = (before ^ index) >>> 0;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 16_777_619) >>> 0;
  return hash;
}
