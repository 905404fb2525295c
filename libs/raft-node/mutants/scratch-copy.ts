/** A copy of the rooms that a simulation is made of, to plant a bug in and to bundle. */
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';
import { edited, type PlantedBug } from './planted-bug.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const ROOMS = ['kernel', 'raft', 'raft-node', 'testing'];
/** What of a room is copied. */
const PARTS = ['package.json', 'src', 'conformance'];

export class ScratchCopy {
  readonly folder: string;

  /** @throws when an edit of `bug` does not find its place. */
  constructor(bug?: PlantedBug) {
    this.folder = mkdtempSync(join(tmpdir(), 'ringwatch-mutant-'));
    mkdirSync(join(this.folder, 'node_modules/@ringwatch'), { recursive: true });
    for (const room of ROOMS) this.#copy(room);
    for (const edit of bug?.edits ?? []) {
      const path = join(this.folder, edit.file);
      writeFileSync(path, edited(readFileSync(path, 'utf8'), edit));
    }
  }

  /** Bundles a program of the copy; returns the bundle's path. */
  async bundle(entry: string): Promise<string> {
    const file = join(this.folder, 'bundles', `${entry.replaceAll('/', '-')}.mjs`);
    const bundle = await rolldown({
      input: join(this.folder, entry),
      platform: 'node',
      external: [/^node:/],
      resolve: { conditionNames: ['@ringwatch/source', 'node', 'import'] },
    });
    await bundle.write({ file, format: 'esm' });
    await bundle.close();
    return file;
  }

  remove(): void {
    rmSync(this.folder, { recursive: true });
  }

  #copy(room: string): void {
    const to = join(this.folder, 'libs', room);
    mkdirSync(to, { recursive: true });
    for (const part of PARTS) {
      const from = join(root, 'libs', room, part);
      if (existsSync(from)) cpSync(from, join(to, part), { recursive: true });
    }
    // Imports between the rooms lead to the copies.
    symlinkSync(to, join(this.folder, 'node_modules/@ringwatch', room));
  }
}

/** The workspace's own text, in which every edit must find its place. */
export function workspaceText(file: string): string {
  return readFileSync(join(root, file), 'utf8');
}
