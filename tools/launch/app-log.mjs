// The log file of one app. The file of the previous run is kept as `.1`.
//
// Nothing is moved before everything is up: a second start on a data folder that is in use must not touch the
// log of the first. Until then lines wait here, and if it comes to nothing they are appended.
import { appendFileSync, existsSync, renameSync } from 'node:fs';

/** More than any app says while it starts. */
const WAITING_LINES_MAX = 10_000;

export class AppLog {
  #path;
  /** Lines from before it was decided where they go. */
  #waiting = [];

  constructor(path) {
    this.#path = path;
  }

  write(line) {
    if (this.#waiting === undefined) appendFileSync(this.#path, `${line}\n`);
    else if (this.#waiting.length < WAITING_LINES_MAX) this.#waiting.push(line);
  }

  /** The app is up: keeps the previous file as `.1` and begins a new one. */
  begin() {
    if (existsSync(this.#path)) renameSync(this.#path, `${this.#path}.1`);
    this.flush();
  }

  /** What waits goes behind what is there. */
  flush() {
    if (this.#waiting === undefined) return;
    appendFileSync(this.#path, this.#waiting.map((line) => `${line}\n`).join(''));
    this.#waiting = undefined;
  }
}
