/** The house rules as a program: prints what breaks them and exits 1. */
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { RULES } from './rules.ts';
import { Workspace } from './workspace.ts';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const workspace = Workspace.ofCheckout(root);
const findings = RULES.flatMap((rule) => [...rule(workspace)]);
for (const { rule, path, line, message } of findings) console.error(`${path}:${line}: ${rule}: ${message}`);
console.log(`tidy: ${workspace.files.size} files, ${findings.length} findings`);
process.exit(findings.length === 0 ? 0 : 1);
