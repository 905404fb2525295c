/** Where the parts of the system under test are, and the programs that tests need. */
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensureChromium, ensureStrace } from '../../../tools/services/index.mjs';

/** The root of the checkout. */
export const ROOT = dirname(dirname(dirname(dirname(fileURLToPath(import.meta.url)))));

/** The bundled main program of an app. */
export function appMain(app: string): string {
  return join(ROOT, 'apps', app, 'bundle', 'main.js');
}

const INSTALL = { strace: ensureStrace, chromium: ensureChromium };

/** Path of a program, installed where that is possible. @throws with the reason where it is not. */
export async function ensureProgram(program: keyof typeof INSTALL): Promise<string> {
  const found = await INSTALL[program]();
  if (found.reason !== undefined) throw new Error(found.reason);
  return found.path;
}
