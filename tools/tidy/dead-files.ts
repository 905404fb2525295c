/** Every file is reached: from a package's exports, a main program, a spec, a tool or a configuration. */
import { posix } from 'node:path';
import ts from 'typescript';
import { isSpec, walk, type Finding, type Workspace } from './workspace.ts';

const ENTRIES = [
  /(^|\/)(index|main)\.(tsx?|mjs)$/,
  /\.config\.(ts|mjs)$/,
  /\.d\.mts$/,
  /^vitest\.shared\.ts$/,
  /^tools\/[^/]+\.(mjs|ts)$/,
  /\/bench\/[^/]+\.ts$/,
];

export function* deadFiles(workspace: Workspace): Generator<Finding> {
  const code = new Set(workspace.code);
  const entries = workspace.code.filter((path) => isSpec(path) || ENTRIES.some((entry) => entry.test(path)));
  const reached = new Set([...entries, ...exportedFiles(workspace)]);
  for (const path of reached)
    for (const imported of importsOf(workspace, path)) if (code.has(imported)) reached.add(imported);
  for (const path of workspace.code) {
    if (!reached.has(path)) yield { rule: 'dead-file', path, line: 0, message: 'nothing imports this file' };
  }
}

/** Source files that package.json exports name. */
function exportedFiles(workspace: Workspace): string[] {
  const files: string[] = [];
  for (const [path, text] of workspace.files) {
    if (posix.basename(path) !== 'package.json') continue;
    for (const [target] of text.matchAll(/\.\/src\/[\w./-]+\.ts/g))
      files.push(posix.join(posix.dirname(path), target));
  }
  return files;
}

function importsOf(workspace: Workspace, path: string): string[] {
  const imports: string[] = [];
  const add = (specifier: ts.Node | undefined): void => {
    if (specifier === undefined || !ts.isStringLiteralLike(specifier) || !specifier.text.startsWith('.'))
      return;
    imports.push(posix.join(posix.dirname(path), specifier.text));
  };
  walk(workspace.tree(path), (node) => {
    if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) add(node.moduleSpecifier);
    if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword)
      add(node.arguments[0]);
    // A program that is run is named by its file beside the one that runs it.
    if (ts.isStringLiteral(node) && /^[\w.-]+\.ts$/.test(node.text)) {
      imports.push(posix.join(posix.dirname(path), node.text));
    }
    // A worker or child program is named by `new URL('./x.ts', import.meta.url)`.
    if (ts.isNewExpression(node) && node.expression.getText() === 'URL') add(node.arguments?.[0]);
  });
  return imports;
}
