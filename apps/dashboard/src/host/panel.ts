import type { Unit } from '../format/units.ts';
import type { Column, ColumnReader } from './column-reader.ts';

/** One line of a chart. */
export interface PanelSeries {
  readonly label: string;
  /** Which of the palette's colours; the same thing has the same colour on every host. */
  readonly colour: number;
  /** Filled down to zero. */
  readonly area?: boolean;
  read(reader: ColumnReader): Column;
}

/** One chart of a host's page. */
export interface Panel {
  readonly id: string;
  readonly title: string;
  /** A few words beside the title. */
  readonly note?: string;
  readonly unit: Unit;
  /** Stacked areas share one whole; lines stand for themselves. */
  readonly kind: 'lines' | 'stack';
  /** The top of the axis where it is known; else the data decides. */
  readonly full?: number;
  /** Drawn from counters: a single report says nothing. */
  readonly rates?: boolean;
  /** One number for the whole chart, beside its title. */
  readonly headline?: { readonly word: string; read(reader: ColumnReader): Column };
  readonly series: readonly PanelSeries[];
}

/** Lines that one chart can hold and still be read. */
export const SERIES_MAX = 12;
