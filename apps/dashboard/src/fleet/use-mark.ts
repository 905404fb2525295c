/** Which host of the map is marked: by the pointer, by keys, or because one comes back from its page. */
import type { RefObject } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { takeLeftHost } from '../route.ts';
import { cellOrigin, type FleetGrid } from './fleet-grid.ts';
import type { FleetHost } from './fleet-store.ts';

/** Room that a cell keeps to the screen's edges; the header takes about as much. */
const SCROLL_MARGIN = 72;

export interface Mark {
  /** The marked cell. It stays with its host when others come and go. */
  readonly at: number | undefined;
  /** Marks a cell, or none. A cell marked by a key is brought into sight. */
  set(at: number | undefined, by: 'key' | 'pointer'): void;
}

export function useMark(
  frame: RefObject<HTMLElement | null>,
  hosts: readonly FleetHost[],
  grid: FleetGrid,
  width: number,
): Mark {
  const [hostId, setHostId] = useState<string | undefined>(undefined);
  const byKey = useRef(false);
  const index = hostId === undefined ? -1 : hosts.findIndex(({ id }) => id === hostId);
  const at = index < 0 ? undefined : index;
  useEffect(() => {
    const leftHost = takeLeftHost();
    if (leftHost === undefined || !hosts.some(({ id }) => id === leftHost)) return;
    frame.current?.focus({ preventScroll: true });
    byKey.current = true;
    setHostId(leftHost);
  }, []);
  useEffect(() => {
    if (at !== undefined && width > 0 && byKey.current) scrollToCell(frame.current, grid, at);
  }, [at, width]);
  const set = (next: number | undefined, by: 'key' | 'pointer'): void => {
    byKey.current = by === 'key';
    setHostId(next === undefined ? undefined : hosts[next]?.id);
  };
  return { at, set };
}

function scrollToCell(frame: HTMLElement | null, grid: FleetGrid, index: number): void {
  if (frame === null) return;
  const top = frame.getBoundingClientRect().top + cellOrigin(grid, index).y;
  const under = top + grid.cellHeight + SCROLL_MARGIN - innerHeight;
  const over = top - SCROLL_MARGIN;
  if (under > 0) scrollBy(0, under);
  else if (over < 0) scrollBy(0, over);
}
