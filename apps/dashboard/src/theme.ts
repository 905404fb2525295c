/**
 * Light, dark, or as the system has it. Colours live in CSS custom properties; canvases read them from there,
 * so that one file (theme.css) decides how everything looks.
 */
import { computed, effect, signal } from '@preact/signals';

export type ThemeChoice = 'system' | 'light' | 'dark';

const STORAGE_KEY = 'ringwatch-theme';

/** What the viewer chose; kept in this browser. */
export const themeChoice = signal<ThemeChoice>('system');
const systemDark = signal(true);
const theme = computed(() => {
  if (themeChoice.value !== 'system') return themeChoice.value;
  return systemDark.value ? 'dark' : 'light';
});

/** What canvases paint with. A new object whenever the theme changes. */
export interface Palette {
  readonly theme: 'light' | 'dark';
  readonly text: string;
  readonly muted: string;
  readonly surface: string;
  readonly grid: string;
  readonly accent: string;
  readonly hatch: string;
  readonly noValue: string;
  /** What is offline: its line and its ground. */
  readonly bad: string;
  readonly badGround: string;
  /** Colours of lines, apart for colour-blind viewers (Okabe and Ito, adjusted to the background). */
  readonly series: readonly string[];
}

const SERIES_COLOURS = 8;

export const palette = signal<Palette>(readPalette('dark'));

/** Applies the theme and follows the system's. Called once at the start. */
export function followTheme(): void {
  const media = matchMedia('(prefers-color-scheme: dark)');
  systemDark.value = media.matches;
  media.addEventListener('change', (event) => void (systemDark.value = event.matches));
  const stored = readStored();
  if (stored === 'light' || stored === 'dark') themeChoice.value = stored;
  effect(() => {
    document.documentElement.dataset['theme'] = theme.value;
    palette.value = readPalette(theme.value);
  });
}

/** Chooses a theme and remembers it where the browser allows. */
export function chooseTheme(choice: ThemeChoice): void {
  themeChoice.value = choice;
  try {
    localStorage.setItem(STORAGE_KEY, choice);
  } catch {
    // Private windows may refuse storage; the choice then lasts as long as the page.
  }
}

function readStored(): string | null {
  try {
    return localStorage.getItem(STORAGE_KEY);
  } catch {
    return null;
  }
}

function readPalette(of: 'light' | 'dark'): Palette {
  const style = typeof document === 'undefined' ? undefined : getComputedStyle(document.documentElement);
  const read = (name: string): string => style?.getPropertyValue(name).trim() || '#888';
  return {
    theme: of,
    text: read('--text'),
    muted: read('--muted'),
    surface: read('--surface'),
    grid: read('--grid'),
    accent: read('--accent'),
    hatch: read('--hatch'),
    noValue: read('--no-value'),
    bad: read('--bad'),
    badGround: read('--bad-bg'),
    series: Array.from({ length: SERIES_COLOURS }, (_, i) => read(`--series-${i + 1}`)),
  };
}
