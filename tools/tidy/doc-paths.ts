/** Documentation names files that exist, and every library introduces itself. */
import { posix } from 'node:path';
import { projectOf, type Finding, type Workspace } from './workspace.ts';

const TICKED = /`((?:apps|libs|tools|docs|docker)\/[\w./-]*[\w/])`/g;
const LINK = /\]\((?!https?:|#|mailto:)([^)#\s]+)(?:#[^)]*)?\)/g;

export function* docPaths(workspace: Workspace): Generator<Finding> {
  const known = new Set<string>(workspace.files.keys());
  for (const path of workspace.files.keys()) {
    for (let at = posix.dirname(path); at !== '.'; at = posix.dirname(at)) known.add(at);
  }
  for (const [path, text] of workspace.files) {
    if (!path.endsWith('.md')) continue;
    const named = [
      ...Array.from(text.matchAll(TICKED), ([, target]) => target),
      ...Array.from(text.matchAll(LINK), ([, target]) => posix.join(posix.dirname(path), target)),
    ];
    for (const target of named) {
      if (known.has(target.replace(/\/$/, ''))) continue;
      yield { rule: 'doc-path', path, line: 0, message: `${target} does not exist` };
    }
  }
  for (const path of known) {
    if (!/^libs\/[^/]+\/package\.json$/.test(path)) continue;
    const readme = `${projectOf(path)}/README.md`;
    if (!known.has(readme))
      yield { rule: 'readme', path: readme, line: 0, message: 'every library has a README' };
  }
}
