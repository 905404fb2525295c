/**
 * What is shipped imports its own project and packages, no file of another folder: benches, specs and build
 * configuration may use the workspace's tools, sources may not.
 */
import { posix } from 'node:path';
import ts from 'typescript';
import { isSpec, lineOf, projectOf, type Finding, type Workspace } from './workspace.ts';

/** Rooms that exist for tests alone. */
const TEST_ROOMS: ReadonlySet<string> = new Set(['libs/testing', 'apps/e2e']);

export function* ownFolder(workspace: Workspace): Generator<Finding> {
  for (const path of workspace.code) {
    const project = projectOf(path);
    if (project === undefined || TEST_ROOMS.has(project)) continue;
    if (!path.startsWith(`${project}/src/`) || isSpec(path)) continue;
    const tree = workspace.tree(path);
    for (const statement of tree.statements) {
      if (!ts.isImportDeclaration(statement) && !ts.isExportDeclaration(statement)) continue;
      const { moduleSpecifier } = statement;
      if (moduleSpecifier === undefined || !ts.isStringLiteral(moduleSpecifier)) continue;
      if (!moduleSpecifier.text.startsWith('.')) continue;
      const imported = posix.join(posix.dirname(path), moduleSpecifier.text);
      if (imported.startsWith(`${project}/`)) continue;
      const line = lineOf(tree, statement);
      yield { rule: 'own-folder', path, line, message: `${imported} is outside of ${project}` };
    }
  }
}
