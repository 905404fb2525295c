import { CORE_BUGS } from './core-bugs.ts';
import { DRIVER_BUGS } from './driver-bugs.ts';
import type { PlantedBug } from './planted-bug.ts';

/** All planted bugs, those with a number in order and first. */
export const PLANTED_BUGS: readonly PlantedBug[] = [...CORE_BUGS, ...DRIVER_BUGS].toSorted((a, b) =>
  a.id.localeCompare(b.id, 'en', { numeric: true }),
);
