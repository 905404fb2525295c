/** What must not be in a commit: notes to ourselves, paths of one machine, hosts of a registry. */
import type { Finding, Workspace } from './workspace.ts';

// Written so that this file does not find itself.
const NOTE = /\b(T[O]DO|F[I]XME|X[X]X|H[A]CK)\b/;
const MACHINE_PATH = /(^|[^\w./])\/(w[o]rk|r[o]ot|h[o]me\/\w+|U[s]ers\/\w+)\//;
const REGISTRY = /registry\.(n[p]mjs|y[a]rnpkg)\./;

export function* leftovers(workspace: Workspace): Generator<Finding> {
  for (const [path, text] of workspace.files) {
    for (const [i, line] of text.split('\n').entries()) {
      const found = (rule: string, message: string): Finding => ({ rule, path, line: i + 1, message });
      if (NOTE.test(line)) yield found('note-to-self', 'finish it or open an issue');
      if (MACHINE_PATH.test(line)) yield found('machine-path', 'an absolute path of one machine');
      if (REGISTRY.test(line)) yield found('registry-host', 'the host of a package registry');
    }
  }
}
