import { deadFiles } from './dead-files.ts';
import { docPaths } from './doc-paths.ts';
import { leftovers } from './leftovers.ts';
import { length } from './length.ts';
import { names } from './names.ts';
import { ownFolder } from './own-folder.ts';
import { purity } from './purity.ts';
import type { Finding, Workspace } from './workspace.ts';

/** Every house rule; each has a fixture in tidy.spec.ts that breaks it. */
export const RULES: readonly ((workspace: Workspace) => Iterable<Finding>)[] = [
  length,
  names,
  purity,
  ownFolder,
  deadFiles,
  docPaths,
  leftovers,
];
