/**
 * From value to colour. One hue path whose lightness only rises (dark theme) or only falls (light theme), so
 * that order is read right with any colour vision and in print; anchors follow cividis (Nuñez, Anderton and
 * Renslow 2018) at the dark end and a blue ramp in the light theme, both with the weakest colour near the
 * background.
 */

type Rgb = readonly [number, number, number];

const ANCHORS: Readonly<Record<'light' | 'dark', readonly Rgb[]>> = {
  dark: [
    [27, 43, 70],
    [31, 80, 116],
    [31, 118, 140],
    [52, 156, 134],
    [142, 194, 98],
    [250, 217, 84],
  ],
  light: [
    [224, 236, 246],
    [175, 209, 231],
    [114, 178, 215],
    [56, 139, 191],
    [24, 95, 159],
    [10, 49, 107],
  ],
};

/** CSS colour of `ratio` (0 to 1, clamped). */
export function heatColour(theme: 'light' | 'dark', ratio: number): string {
  const [r, g, b] = heatRgb(theme, ratio);
  return `rgb(${r} ${g} ${b})`;
}

/** The text colour that can be read on `heatColour(theme, ratio)`. */
export function textOnHeat(theme: 'light' | 'dark', ratio: number): string {
  return contrast(heatRgb(theme, ratio), DARK_TEXT) > contrast(heatRgb(theme, ratio), LIGHT_TEXT)
    ? 'rgb(0 0 0)'
    : 'rgb(255 255 255)';
}

const DARK_TEXT: Rgb = [0, 0, 0];
const LIGHT_TEXT: Rgb = [255, 255, 255];

function heatRgb(theme: 'light' | 'dark', ratio: number): Rgb {
  const anchors = ANCHORS[theme];
  const at = Math.min(1, Math.max(0, ratio)) * (anchors.length - 1);
  const from = Math.min(anchors.length - 2, Math.floor(at));
  const a = anchors[from] as Rgb;
  const b = anchors[from + 1] as Rgb;
  const mix = (i: 0 | 1 | 2): number => Math.round(a[i] + (b[i] - a[i]) * (at - from));
  return [mix(0), mix(1), mix(2)];
}

/** Contrast ratio of two colours (WCAG 2.2, relative luminance). */
export function contrast(a: Rgb, b: Rgb): number {
  const [high, low] = [luminance(a), luminance(b)].sort((x, y) => y - x) as [number, number];
  return (high + 0.05) / (low + 0.05);
}

function luminance(colour: Rgb): number {
  const [r, g, b] = colour.map((channel) => {
    const c = channel / 255;
    return c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
