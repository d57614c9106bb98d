// What the result table shows: order, filter, which columns, how wide. Pure, over row indexes.
import type { Cell, Column, Row } from '../api/types';

export type Sort = { column: number; descending: boolean } | null;

export function isEmptyCell(cell: Cell | undefined): boolean {
  return cell === null || cell === undefined || cell === '';
}

// Indexes of columns in which no row has anything.
export function emptyColumns(columns: Column[], rows: Row[]): Set<number> {
  const empty = new Set(columns.keys());
  for (const row of rows) {
    for (const index of empty) if (!isEmptyCell(row[index])) empty.delete(index);
    if (empty.size === 0) break;
  }
  return rows.length === 0 ? new Set() : empty;
}

function compareBig(a: Cell, b: Cell): number {
  const left = BigInt(a as string | number);
  const right = BigInt(b as string | number);
  return left < right ? -1 : left > right ? 1 : 0;
}

// timespan text [-][d.]hh:mm:ss[.fffffff] as ticks-like number; exact enough to order by.
export function timespanSeconds(text: string): number {
  const match = /^(-)?(?:(\d+)\.)?(\d+):(\d+):(\d+(?:\.\d+)?)$/.exec(text);
  if (!match) return Number.NaN;
  const seconds = Number(match[2] ?? 0) * 86_400 + Number(match[3]) * 3600 + Number(match[4]) * 60 + Number(match[5]);
  return match[1] ? -seconds : seconds;
}

function realOf(cell: Cell): number {
  return cell === 'Infinity' ? Infinity : cell === '-Infinity' ? -Infinity : Number(cell);
}

export function comparatorFor(column: Column): (a: Cell, b: Cell) => number {
  switch (column.type) {
    case 'long':
      return (a, b) => (typeof a === 'number' && typeof b === 'number' ? a - b : compareBig(a, b));
    case 'int':
    case 'bool':
      return (a, b) => Number(a) - Number(b);
    case 'real':
    case 'decimal': {
      return (a, b) => {
        const left = realOf(a);
        const right = realOf(b);
        if (Number.isNaN(left) || Number.isNaN(right)) return Number(Number.isNaN(left)) - Number(Number.isNaN(right));
        return left < right ? -1 : left > right ? 1 : 0;
      };
    }
    case 'timespan':
      return (a, b) => timespanSeconds(String(a)) - timespanSeconds(String(b));
    case 'datetime':
      // Trailing zeros are cut, so ".5Z" stands beside "Z": compare the part before Z.
      return (a, b) => {
        const left = String(a).slice(0, -1);
        const right = String(b).slice(0, -1);
        return left < right ? -1 : left > right ? 1 : 0;
      };
    default:
      return (a, b) => (String(a) < String(b) ? -1 : String(a) > String(b) ? 1 : 0);
  }
}

// Row indexes in the order shown. Empty cells come last, whichever way it is sorted. Stable.
export function orderRows(columns: Column[], rows: Row[], sort: Sort, filter: string): number[] {
  const wanted = filter.trim().toLowerCase().split(/\s+/).filter((word) => word !== '');
  let indexes: number[] = [];
  if (wanted.length === 0) {
    indexes = Array.from(rows.keys());
  } else {
    rows.forEach((row, index) => {
      const text = row.map((cell) => (cell === null ? '' : String(cell))).join('\u0000').toLowerCase();
      if (wanted.every((word) => text.includes(word))) indexes.push(index);
    });
  }
  const column = sort ? columns[sort.column] : undefined;
  if (sort && column) {
    const compare = comparatorFor(column);
    const sign = sort.descending ? -1 : 1;
    indexes.sort((a, b) => {
      const left = rows[a]![sort.column]!;
      const right = rows[b]![sort.column]!;
      const leftEmpty = isEmptyCell(left);
      const rightEmpty = isEmptyCell(right);
      if (leftEmpty || rightEmpty) return Number(leftEmpty) - Number(rightEmpty) || a - b;
      return sign * compare(left, right) || a - b;
    });
  }
  return indexes;
}

// A width that fits the header and the first rows, within reason.
export function widthOf(column: Column, index: number, rows: Row[]): number {
  if (column.type === 'datetime') return 204;
  if (column.type === 'guid') return 304;
  // The name, and room for the sort mark and the menu.
  let longest = column.name.length + 4;
  for (let i = 0; i < Math.min(rows.length, 60); ++i) {
    const cell = rows[i]![index];
    // East Asian characters take about two columns of a monospaced font.
    const text = isEmptyCell(cell) ? '' : String(cell).slice(0, 120);
    let width = 0;
    for (const c of text) width += c.codePointAt(0)! >= 0x1100 ? 1.7 : 1;
    longest = Math.max(longest, width);
  }
  return Math.round(Math.min(column.type === 'string' || column.type === 'dynamic' ? 520 : 220, Math.max(80, longest * 7.6 + 26)));
}

// What people look for first in the rows of the usual tables; the schemas have these far to the right.
const kLeading = [
  'Computer', 'DeviceVendor', 'DeviceProduct', 'AlertName', 'AlertSeverity', 'Facility', 'SeverityLevel', 'LogSeverity', 'EventID', 'ProcessName',
  'Activity', 'SyslogMessage', 'Message', 'RenderedDescription', 'Reason', 'RawData', 'Account', 'SourceIP', 'DestinationIP', 'DestinationPort', 'DeviceAction',
];
// TimeGenerated first, the columns of our own bookkeeping last. Rows as they are stored (they have _ItemId) also get their
// leading columns in front; what a query has projected keeps its order.
export function columnOrder(columns: Column[]): number[] {
  const stored = columns.some((column) => column.name === '_ItemId');
  const rank = (name: string) => {
    if (name === 'TimeGenerated') return -1;
    if (name.startsWith('_') || name === 'TenantId') return kLeading.length + 1;
    const leading = stored ? kLeading.indexOf(name) : -1;
    return leading < 0 ? kLeading.length : leading;
  };
  return Array.from(columns.keys()).sort((a, b) => rank(columns[a]!.name) - rank(columns[b]!.name) || a - b);
}
