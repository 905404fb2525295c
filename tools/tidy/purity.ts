/**
 * Cores are pure: no clock, no randomness, no I/O, no framework. Everybody else leaves the environment to
 * libs/service, `export *` and default exports to nobody, and switched-off tests to no commit.
 */
import ts from 'typescript';
import { isSpec, lineOf, projectOf, walk, type Finding, type Workspace } from './workspace.ts';

export const CORE_ROOMS: ReadonlySet<string> = new Set(
  ['kernel', 'metrics', 'hash-ring', 'redis-keyspace', 'raft', 'partition', 'cluster', 'live', 'top-k'].map(
    (room) => `libs/${room}`,
  ),
);

/** Built-in modules that compute and touch nothing. */
const PURE_MODULES = new Set(['node:crypto', 'node:zlib', 'node:buffer', 'node:util']);
const IMPURE_GLOBALS = new Set([
  'setTimeout',
  'setInterval',
  'setImmediate',
  'performance',
  'process',
  'console',
  'fetch',
  'localStorage',
]);
const IMPURE_MEMBERS = new Set(['Date.now', 'Math.random']);
/** The twins of the kernel's ports are where the world comes in. */
const KERNEL_TWINS = new Set(
  ['system.ts', 'file-lock.ts', 'fake.ts'].map((file) => `libs/kernel/src/${file}`),
);

export function* purity(workspace: Workspace): Generator<Finding> {
  for (const path of workspace.code) {
    if (isSpec(path)) yield* switchedOff(workspace, path);
    else if (isCore(path)) yield* impure(workspace, path);
    if (readsEnvironment(path)) yield* environment(workspace, path);
    yield* exportsOf(workspace, path);
  }
}

function isCore(path: string): boolean {
  return CORE_ROOMS.has(projectOf(path) ?? '') && path.includes('/src/') && !KERNEL_TWINS.has(path);
}

function impure(workspace: Workspace, path: string): Finding[] {
  const tree = workspace.tree(path);
  const findings: Finding[] = [];
  const report = (node: ts.Node, what: string): void => {
    findings.push({ rule: 'pure-core', path, line: lineOf(tree, node), message: `${what} in a core room` });
  };
  walk(tree, (node) => {
    if (ts.isImportDeclaration(node) && ts.isStringLiteral(node.moduleSpecifier)) {
      const from = node.moduleSpecifier.text;
      if (from === '@ringwatch/kernel/system') report(node, 'the real clock');
      else if (from.startsWith('node:') && !PURE_MODULES.has(from)) report(node, from);
      else if (!from.startsWith('node:') && !from.startsWith('.') && !from.startsWith('@ringwatch/'))
        report(node, from);
    }
    if (ts.isPropertyAccessExpression(node) && IMPURE_MEMBERS.has(node.getText(tree)))
      report(node, node.getText(tree));
    if (ts.isIdentifier(node) && IMPURE_GLOBALS.has(node.text) && isFree(node)) report(node, node.text);
    if (ts.isNewExpression(node) && node.expression.getText(tree) === 'Date' && !node.arguments?.length) {
      report(node, 'new Date()');
    }
  });
  return findings;
}

/** Is this identifier a reference to a global, not somebody's own property or parameter of that name? */
function isFree(node: ts.Identifier): boolean {
  const { parent } = node;
  if (ts.isPropertyAccessExpression(parent)) return parent.expression === node;
  return ts.isCallExpression(parent) || ts.isTypeQueryNode(parent);
}

function readsEnvironment(path: string): boolean {
  return (
    /^(libs|apps)\//.test(path) &&
    !/^libs\/(service|testing)\/|^apps\/e2e\/|\.config\.ts$/.test(path) &&
    !isSpec(path)
  );
}

function environment(workspace: Workspace, path: string): Finding[] {
  const tree = workspace.tree(path);
  const findings: Finding[] = [];
  walk(tree, (node) => {
    if (!ts.isPropertyAccessExpression(node) || node.getText(tree) !== 'process.env') return;
    const message = 'only libs/service reads the environment';
    findings.push({ rule: 'environment', path, line: lineOf(tree, node), message });
  });
  return findings;
}

function exportsOf(workspace: Workspace, path: string): Finding[] {
  const tree = workspace.tree(path);
  const findings: Finding[] = [];
  for (const statement of tree.statements) {
    const line = lineOf(tree, statement);
    if (ts.isExportDeclaration(statement) && statement.exportClause === undefined) {
      findings.push({ rule: 'export-star', path, line, message: 'name what is exported' });
    }
    const isDefault =
      ts.isExportAssignment(statement) ||
      (ts.canHaveModifiers(statement) &&
        ts.getModifiers(statement)?.some(({ kind }) => kind === ts.SyntaxKind.DefaultKeyword) === true);
    if (isDefault && !/\.config\.(ts|mjs)$/.test(path)) {
      findings.push({ rule: 'default-export', path, line, message: 'export by name' });
    }
  }
  return findings;
}

function switchedOff(workspace: Workspace, path: string): Finding[] {
  const tree = workspace.tree(path);
  const findings: Finding[] = [];
  walk(tree, (node) => {
    if (!ts.isPropertyAccessExpression(node) || !['only', 'skip', 'todo'].includes(node.name.text)) return;
    if (!/^(test|it|describe)\b/.test(node.expression.getText(tree))) return;
    findings.push({ rule: 'switched-off-test', path, line: lineOf(tree, node), message: node.getText(tree) });
  });
  return findings;
}
