import { signal } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { FLEET, navigate } from '../route.ts';
import { isTyping } from './keys.ts';

interface Shortcuts {
  readonly where: string;
  readonly keys: readonly (readonly [keys: string, does: string])[];
}

const SHORTCUTS: readonly Shortcuts[] = [
  {
    where: 'Everywhere',
    keys: [
      ['F', 'to the fleet'],
      ['?', 'this list'],
    ],
  },
  {
    where: 'On the fleet map',
    keys: [
      ['← ↑ ↓ →', 'move between hosts'],
      ['Enter', 'open the marked host'],
      ['Esc', 'unmark it'],
    ],
  },
  {
    where: 'On the page of a host',
    keys: [
      ['Space', 'stop all charts, and go on'],
      ['L', 'back to live'],
      ['Drag on a chart', 'zoom into a time, in all charts'],
      ['Double click', 'back to live'],
    ],
  },
];

const shown = signal(false);

export function openShortcuts(): void {
  shown.value = true;
}

/** The list of shortcuts, and the keys that work on every page. */
export function ShortcutsDialog(): JSX.Element {
  const dialog = useRef<HTMLDialogElement>(null);
  const open = shown.value;
  useEffect(() => {
    if (open) dialog.current?.showModal();
    else dialog.current?.close();
  }, [open]);
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent): void => {
      if (isTyping(event)) return;
      if (event.key === '?') openShortcuts();
      if (event.key === 'f' || event.key === 'F') navigate(FLEET);
    };
    addEventListener('keydown', onKeyDown);
    return () => removeEventListener('keydown', onKeyDown);
  }, []);
  return (
    <dialog
      ref={dialog}
      class="card"
      aria-labelledby="shortcuts-title"
      onClose={() => void (shown.value = false)}
    >
      <h2 id="shortcuts-title">Keyboard and mouse</h2>
      {SHORTCUTS.map((group) => (
        <section key={group.where}>
          <h3>{group.where}</h3>
          <dl>
            {group.keys.map(([keys, does]) => (
              <div key={keys}>
                <dt>
                  <kbd>{keys}</kbd>
                </dt>
                <dd>{does}</dd>
              </div>
            ))}
          </dl>
        </section>
      ))}
      <form method="dialog">
        <button type="submit" class="button">
          Close
        </button>
      </form>
    </dialog>
  );
}
