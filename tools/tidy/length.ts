/** Files up to 400 lines, functions up to 70, lines up to 110 columns. */
import ts from 'typescript';
import { isSpec, lineOf, walk, type Finding, type Workspace } from './workspace.ts';

export const FILE_LINES_MAX = 400;
export const FUNCTION_LINES_MAX = 70;
export const LINE_COLUMNS_MAX = 110;

export function* length(workspace: Workspace): Generator<Finding> {
  for (const path of workspace.code) {
    const lines = (workspace.files.get(path) ?? '').replace(/\n$/, '').split('\n');
    if (lines.length > FILE_LINES_MAX) {
      yield {
        rule: 'file-length',
        path,
        line: 0,
        message: `${lines.length} lines, at most ${FILE_LINES_MAX}`,
      };
    }
    for (const [i, line] of lines.entries()) {
      if (line.length <= LINE_COLUMNS_MAX) continue;
      yield {
        rule: 'line-length',
        path,
        line: i + 1,
        message: `${line.length} columns, at most ${LINE_COLUMNS_MAX}`,
      };
    }
    // A describe block, in a spec or in a contract suite, is a list of claims, not a function.
    if (!isSpec(path) && !path.endsWith('-contract.ts')) yield* functions(workspace, path);
  }
}

function functions(workspace: Workspace, path: string): Finding[] {
  const tree = workspace.tree(path);
  const findings: Finding[] = [];
  walk(tree, (node) => {
    if (!ts.isFunctionLike(node)) return;
    const from = lineOf(tree, node);
    const lines = tree.getLineAndCharacterOfPosition(node.end).line + 2 - from;
    if (lines <= FUNCTION_LINES_MAX) return;
    const message = `a function of ${lines} lines, at most ${FUNCTION_LINES_MAX}`;
    findings.push({ rule: 'function-length', path, line: from, message });
  });
  return findings;
}
