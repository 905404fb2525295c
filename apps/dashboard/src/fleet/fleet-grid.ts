/** Where each host's cell lies: as large as the fleet allows, filling the width, row by row. */

export type CellDetail = 'card' | 'value' | 'colour';

export interface FleetGrid {
  readonly columns: number;
  readonly cellWidth: number;
  readonly cellHeight: number;
  readonly gap: number;
  readonly height: number;
  readonly detail: CellDetail;
}

interface CellSize {
  readonly hostsMax: number;
  readonly width: number;
  readonly height: number;
  readonly gap: number;
  readonly detail: CellDetail;
}

/** From few large cells to many small ones, in CSS pixels. */
const SIZES: readonly CellSize[] = [
  { hostsMax: 40, width: 226, height: 112, gap: 10, detail: 'card' },
  { hostsMax: 150, width: 112, height: 56, gap: 6, detail: 'card' },
  { hostsMax: 500, width: 52, height: 34, gap: 4, detail: 'value' },
  { hostsMax: 1_500, width: 22, height: 22, gap: 3, detail: 'colour' },
  { hostsMax: Number.POSITIVE_INFINITY, width: 13, height: 13, gap: 2, detail: 'colour' },
];

/** Cells of a fleet that does not fill its first row do not grow beyond this share over their size. */
const STRETCH_MAX = 1.35;
/** On a narrow screen cells shrink rather than leave one column. */
const COLUMNS_MIN = 2;

export function fleetGrid(hosts: number, width: number): FleetGrid {
  const size = SIZES.find(({ hostsMax }) => hosts <= hostsMax) as CellSize;
  const wanted = Math.min(size.width, (width - size.gap) / COLUMNS_MIN);
  const columns = Math.max(1, Math.floor((width + size.gap) / (wanted + size.gap)));
  const filling = (width - (columns - 1) * size.gap) / columns;
  const cellWidth = hosts < columns ? Math.min(filling, size.width * STRETCH_MAX) : filling;
  const rows = Math.ceil(hosts / columns);
  const height = Math.max(0, rows * (size.height + size.gap) - size.gap);
  return { columns, cellWidth, cellHeight: size.height, gap: size.gap, height, detail: size.detail };
}

export function cellOrigin(grid: FleetGrid, index: number): { x: number; y: number } {
  const column = index % grid.columns;
  const row = Math.floor(index / grid.columns);
  return { x: column * (grid.cellWidth + grid.gap), y: row * (grid.cellHeight + grid.gap) };
}

/** The cell at a point; undefined between and after the cells. */
export function cellAt(grid: FleetGrid, hosts: number, x: number, y: number): number | undefined {
  const column = Math.floor(x / (grid.cellWidth + grid.gap));
  const row = Math.floor(y / (grid.cellHeight + grid.gap));
  if (x < 0 || y < 0 || column >= grid.columns) return undefined;
  const origin = cellOrigin(grid, row * grid.columns + column);
  if (x - origin.x >= grid.cellWidth || y - origin.y >= grid.cellHeight) return undefined;
  const index = row * grid.columns + column;
  return index < hosts ? index : undefined;
}

export type Step = 'left' | 'right' | 'up' | 'down' | 'home' | 'end';

/** Where the focus goes from `index`; it stops at the edges. */
export function stepCell(grid: FleetGrid, hosts: number, index: number, step: Step): number {
  const last = hosts - 1;
  switch (step) {
    case 'left':
      return Math.max(0, index - 1);
    case 'right':
      return Math.min(last, index + 1);
    case 'up':
      return index - grid.columns >= 0 ? index - grid.columns : index;
    case 'down':
      return index + grid.columns <= last ? index + grid.columns : index;
    case 'home':
      return 0;
    case 'end':
      return last;
  }
}
