/** What must not be in a commit: notes to ourselves, paths of one machine, hosts of a registry. */
import type { Finding, Workspace } from './workspace.ts';

const NOTE = new RegExp(`\\b(${['TO' + 'DO', 'FIX' + 'ME', 'XX' + 'X', 'HA' + 'CK'].join('|')})\\b`);
const MACHINE_PATH = new RegExp(`(^|[^\\w./])/(${['work', 'root', 'home/\\w+', 'Users/\\w+'].join('|')})/`);
const REGISTRY = new RegExp(`registry\\.(${['npmjs', 'yarnpkg'].join('|')})\\.`);

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
