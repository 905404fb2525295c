import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type BrowserContext } from 'playwright-core';
import { ensureProgram } from './system.ts';

/** Chromium's own talk with the world is switched off; everything here is on this machine. */
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** A headless Chromium with a fresh profile. */
export async function openBrowser(): Promise<BrowserContext> {
  const executablePath = await ensureProgram('chromium');
  const profile = mkdtempSync(join(tmpdir(), 'ringwatch-profile-'));
  return chromium.launchPersistentContext(profile, {
    executablePath,
    args: FLAGS,
    viewport: { width: 1280, height: 1400 },
  });
}
