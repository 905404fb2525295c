/**
 * A connection that goes where the leader is: to the address that a refusal names, else to the next one of
 * the cluster. A put that failed is put again, so it may happen twice.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { PutError, type OpenPuts, type PutConnection } from './put-connection.ts';

/** Enough for an election and some more. */
const TRIES_MAX = 100;
const RETRY_DELAY_MS = 50;

export class LeaderConnection implements PutConnection {
  readonly #open: OpenPuts;
  readonly #addresses: readonly string[];
  #address: string;
  #connection: PutConnection;
  #closed = false;

  /** @param addresses of all members; the first is tried first. */
  constructor(open: OpenPuts, addresses: readonly [string, ...string[]]) {
    this.#open = open;
    this.#addresses = addresses;
    [this.#address] = addresses;
    this.#connection = open(this.#address);
  }

  async put(key: Buffer, value: Buffer): Promise<void> {
    for (let tries = 1; ; tries++) {
      const connection = this.#connection;
      try {
        await connection.put(key, value);
        return;
      } catch (error) {
        if (this.#closed || tries === TRIES_MAX) throw error;
        const leader = error instanceof PutError ? error.leader : undefined;
        if (leader === undefined) await delay(RETRY_DELAY_MS);
        // Of all the puts that failed with this connection, the first one moves it.
        if (connection === this.#connection) this.#move(leader ?? this.#next());
      }
    }
  }

  close(): void {
    this.#closed = true;
    this.#connection.close();
  }

  #next(): string {
    const at = this.#addresses.indexOf(this.#address);
    return this.#addresses[(at + 1) % this.#addresses.length] ?? this.#address;
  }

  #move(address: string): void {
    if (this.#closed) return;
    this.#connection.close();
    this.#address = address;
    this.#connection = this.#open(address);
  }
}
