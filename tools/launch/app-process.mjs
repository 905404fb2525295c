// One app as a child of `npm start`: its log goes to a file, its errors to the terminal as sentences.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { AppLog } from './app-log.mjs';

const END_WITH_LAUNCHER = new URL('./end-with-launcher.mjs', import.meta.url).href;

/**
 * Starts the bundle of `app`.
 * @param options `root` of the checkout, `data` folder, `args`, `env`, and `onLocked(detail)`, which is
 *   called when the app cannot start because another process holds its data folder.
 * @returns `{ app, child, log, ended, listening }`: `ended` resolves with the exit code or signal,
 *   `listening` with true when its doors are open, with false when it ended before.
 */
export function launch(app, { root, data, args, env, onLocked }) {
  const main = join(root, 'apps', app, 'bundle', 'main.js');
  const flags = ['--enable-source-maps', '--import', END_WITH_LAUNCHER];
  const child = spawn('node', [...flags, main, ...args.map(String)], {
    cwd: root,
    env,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  child.stdin.on('error', () => undefined); // The app is gone; `ended` tells.
  const log = new AppLog(join(data, `${app}.log`));
  const ended = new Promise((done) => child.on('close', (code, signal) => done(code ?? signal)));
  const listening = new Promise((done) => {
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on('line', (line) => {
        log.write(line);
        const { level, msg, reason, detail, error } = parsed(line);
        if (msg === 'listening') done(true);
        if (reason === 'store_locked') onLocked(detail);
        else if (level === 'error') console.error(`${app}: ${sentence(msg, detail ?? error?.message)}`);
        else if (level === undefined) console.error(`${app}: ${line}`);
      });
    }
    void ended.then(() => done(false));
  });
  return { app, child, log, ended, listening };
}

/** A JSON log line; what is none has no level. */
function parsed(line) {
  if (!line.startsWith('{')) return {};
  try {
    return JSON.parse(line);
  } catch {
    return {};
  }
}

function sentence(msg, detail) {
  return detail === undefined || detail === '' ? msg : `${msg}: ${detail}`;
}
