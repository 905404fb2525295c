import type { JSX } from 'preact';
import { chooseTheme, themeChoice, type ThemeChoice } from '../theme.ts';

const NEXT: Readonly<Record<ThemeChoice, ThemeChoice>> = { system: 'light', light: 'dark', dark: 'system' };
const WORDS: Readonly<Record<ThemeChoice, string>> = {
  system: 'as the system',
  light: 'light',
  dark: 'dark',
};

/** Steps through: as the system, light, dark. */
export function ThemeSwitch(): JSX.Element {
  const choice = themeChoice.value;
  const label = `Theme: ${WORDS[choice]}. Switch to ${WORDS[NEXT[choice]]}.`;
  return (
    <button
      type="button"
      class="icon-button"
      aria-label={label}
      title={label}
      onClick={() => chooseTheme(NEXT[choice])}
    >
      <svg viewBox="0 0 20 20" width="18" height="18" aria-hidden="true">
        {choice === 'system' && <path class="icon-fill" d="M10 3a7 7 0 0 1 0 14z" />}
        {choice === 'system' && <circle class="icon-line" cx="10" cy="10" r="7" />}
        {choice === 'light' && <circle class="icon-fill" cx="10" cy="10" r="3.5" />}
        {choice === 'light' && (
          <path
            class="icon-line"
            d="M10 2v2m0 12v2M2 10h2m12 0h2M4.3 4.3l1.4 1.4m8.6 8.6 1.4 1.4m-11.4 0 1.4-1.4m8.6-8.6 1.4-1.4"
          />
        )}
        {choice === 'dark' && <path class="icon-fill" d="M12.5 3A7 7 0 1 0 17 12.5 6 6 0 0 1 12.5 3z" />}
      </svg>
    </button>
  );
}
