/** Rooms are named by the field: no folders by kind, kebab-case files, no folder with a single file. */
import { posix } from 'node:path';
import type { Finding, Workspace } from './workspace.ts';

const KIND_NAMES = new Set([
  'utils',
  'util',
  'helpers',
  'helper',
  'common',
  'shared',
  'types',
  'interfaces',
  'dto',
  'misc',
]);
const KEBAB = /^[a-z0-9]+(-[a-z0-9]+)*(\.[a-z0-9]+(-[a-z0-9]+)*)*$/;
/** Folders whose name or content somebody else decides. */
const FOREIGN = /^(\.github|\.ci|\.nx)(\/|$)|\/(gen|testdata|proto)(\/|$)/;

export function* names(workspace: Workspace): Generator<Finding> {
  const children = new Map<string, Set<string>>();
  for (const path of workspace.files.keys()) {
    for (let at = path; at !== '.'; at = posix.dirname(at)) {
      const parent = posix.dirname(at);
      children.set(parent, (children.get(parent) ?? new Set()).add(at));
    }
  }
  for (const [folder, entries] of children) {
    if (folder === '.' || FOREIGN.test(folder)) continue;
    if (KIND_NAMES.has(posix.basename(folder))) {
      yield { rule: 'folder-by-kind', path: folder, line: 0, message: 'name the folder by what it is about' };
    }
    if (entries.size === 1 && !isProjectFolder(folder)) {
      yield { rule: 'single-file-folder', path: folder, line: 0, message: 'a folder with one entry' };
    }
  }
  for (const path of workspace.code) {
    const name = posix.basename(path).replace(/\.(ts|tsx|mjs)$/, '');
    if (!KEBAB.test(name)) yield { rule: 'file-name', path, line: 0, message: 'file names are kebab-case' };
    if (KIND_NAMES.has(name))
      yield { rule: 'folder-by-kind', path, line: 0, message: 'name the file by what it is about' };
  }
}

/** A library starts with one file in `src`; that is its room, not a folder made for a file. */
function isProjectFolder(folder: string): boolean {
  return /^(libs|apps)\/[^/]+(\/(src|bench))?$/.test(folder);
}
