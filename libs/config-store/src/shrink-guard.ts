/**
 * A listing that lost much of a family at once is more likely an accident than a wish: an empty answer during
 * a change of leader, a wiped server, a script gone wrong. Whoever applies listings then keeps its last good
 * copy.
 */

/** Share of a family that may disappear in one step. */
export const SHRINK_SHARE_MAX = 0.3;
/** Smaller families may change freely: one document of three is more than the share. */
export const SHRINK_GUARD_MIN = 4;

/** True when losing `lost` of `live` documents at once must be held. */
export function shrinksTooMuch(live: number, lost: number): boolean {
  return live >= SHRINK_GUARD_MIN && lost > live * SHRINK_SHARE_MAX;
}
