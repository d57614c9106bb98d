// From a result and `render` to what a chart shows. Pure; drawing is chart_view.tsx.
import type { Cell, Column, Row, Visualization } from '../api/types';

export type ChartKind = 'line' | 'area' | 'bar' | 'column' | 'pie' | 'scatter' | 'card';
export interface Series { name: string; points: [number | string, number | null][] }
export interface Chart {
  kind: ChartKind;
  stacked: boolean;
  title: string;
  xIsTime: boolean;
  xName: string;
  yName: string;
  series: Series[];
  allSeries: number;          // before the smallest were left out
  categories: string[];       // for an x that is no time and no number
  histogram: boolean;         // made by counting rows, since there was nothing to plot
  binSeconds: number;
}

export const kMostSeries = 24;
const kMostCategories = 200;
const numeric = new Set(['int', 'long', 'real', 'decimal']);

export const kindOfRender: Record<string, ChartKind> = {
  timechart: 'line', linechart: 'line', areachart: 'area', stackedareachart: 'area', barchart: 'bar', columnchart: 'column',
  piechart: 'pie', scatterchart: 'scatter', card: 'card', anomalychart: 'line', timepivot: 'column', pivotchart: 'column',
};

function numberOf(cell: Cell | undefined): number | null {
  if (cell === null || cell === undefined || cell === '') return null;
  const value = Number(cell);
  return Number.isFinite(value) ? value : null;
}
function timeOf(cell: Cell | undefined): number | null {
  if (typeof cell !== 'string') return null;
  const value = Date.parse(cell.replace(/(\.\d{3})\d+Z$/, '$1Z'));
  return Number.isNaN(value) ? null : value;
}

const kBins = [1, 5, 10, 30, 60, 300, 600, 900, 1800, 3600, 10_800, 21_600, 43_200, 86_400, 604_800];
export function binFor(seconds: number): number {
  return kBins.find((bin) => seconds / bin <= 90) ?? kBins[kBins.length - 1]!;
}

function histogram(columns: Column[], rows: Row[], time: number): Chart | null {
  const times = rows.map((row) => timeOf(row[time])).filter((value) => value !== null);
  if (times.length === 0) return null;
  let least = Infinity;
  let most = -Infinity;
  for (const value of times) {
    least = Math.min(least, value);
    most = Math.max(most, value);
  }
  const binSeconds = binFor((most - least) / 1000);
  const bin = binSeconds * 1000;
  const counts = new Map<number, number>();
  const first = Math.floor(least / bin) * bin;
  for (let at = first; at <= most; at += bin) counts.set(at, 0);
  for (const value of times) {
    const at = Math.floor(value / bin) * bin;
    counts.set(at, (counts.get(at) ?? 0) + 1);
  }
  return {
    kind: 'column', stacked: true, title: '', xIsTime: true, xName: columns[time]!.name, yName: 'count', allSeries: 1, categories: [],
    histogram: true, binSeconds, series: [{ name: 'count', points: [...counts.entries()].sort((a, b) => a[0] - b[0]) }],
  };
}

// Null when there is nothing to draw.
export function chartOf(columns: Column[], rows: Row[], render: Visualization | null, wanted?: ChartKind): Chart | null {
  if (rows.length === 0) return null;
  const asked = typeof render?.visualization === 'string' ? kindOfRender[render.visualization.toLowerCase()] : undefined;
  const times = columns.flatMap((column, i) => (column.type === 'datetime' ? [i] : []));
  const numbers = columns.flatMap((column, i) => (numeric.has(column.type) ? [i] : []));
  const names = columns.flatMap((column, i) => (column.type === 'string' || column.type === 'bool' || column.type === 'guid' ? [i] : []));
  const title = typeof render?.title === 'string' ? render.title : '';

  const kind = wanted ?? asked;
  if (kind === 'card') {
    const value = numbers[0];
    if (value === undefined) return null;
    return {
      kind, stacked: false, title, xIsTime: false, xName: '', yName: columns[value]!.name, allSeries: 1, categories: [], histogram: false, binSeconds: 0,
      series: numbers.map((i) => ({ name: columns[i]!.name, points: [['', numberOf(rows[0]![i])]] as [string, number | null][] })),
    };
  }
  // Raw events (many columns) have no numbers to plot worth the name: count them.
  const looksRaw = asked === undefined && columns.length > 8 && times.length > 0;
  const time = times.find((i) => columns[i]!.name === 'TimeGenerated') ?? times[0];
  if ((looksRaw || numbers.length === 0) && time !== undefined) {
    const counted = histogram(columns, rows, time);
    if (counted && wanted && wanted !== 'pie' && wanted !== 'scatter') counted.kind = wanted;
    return counted;
  }
  // x: a time for charts over time, else the first name, else the first number.
  const wantsName = kind === 'pie' || kind === 'bar' || kind === 'column';
  let x: number | undefined = times[0];
  if (x === undefined || (kind === 'pie' && names.length > 0)) x = names[0] ?? times[0];
  const scatterX = kind === 'scatter' && times.length === 0 && numbers.length > 1;
  if (x === undefined || scatterX) x = numbers[0];
  if (x === undefined) return null;
  const ys = numbers.filter((i) => i !== x);
  if (ys.length === 0) return null;
  const xColumn = columns[x]!;
  const xIsTime = xColumn.type === 'datetime' && kind !== 'pie';
  const xIsNumber = numeric.has(xColumn.type) && !wantsName;
  // Name columns besides x split into series: "count() by bin(t), Host" has one series a host.
  const splitters = names.filter((i) => i !== x);

  const series = new Map<string, Series>();
  const categories: string[] = [];
  const seen = new Set<string>();
  for (const row of rows) {
    const raw = row[x];
    const at = xIsTime ? timeOf(raw) : xIsNumber ? numberOf(raw) : String(raw ?? '');
    if (at === null) continue;
    if (!xIsTime && !xIsNumber && !seen.has(String(at))) {
      if (seen.size >= kMostCategories) continue;
      seen.add(String(at));
      categories.push(String(at));
    }
    const split = splitters.map((i) => String(row[i] ?? '')).join(' · ');
    for (const y of ys) {
      const name = splitters.length === 0 ? columns[y]!.name : ys.length === 1 ? split : `${split} · ${columns[y]!.name}`;
      let one = series.get(name);
      if (!one) series.set(name, (one = { name, points: [] }));
      one.points.push([at, numberOf(row[y])]);
    }
  }
  if (series.size === 0) return null;
  let list = [...series.values()];
  const allSeries = list.length;
  if (list.length > kMostSeries) {
    const sum = (one: Series) => one.points.reduce((total, [, y]) => total + Math.abs(y ?? 0), 0);
    list = list.sort((a, b) => sum(b) - sum(a)).slice(0, kMostSeries);
  }
  // Points of a time or number axis are drawn in the order given: a line must not run backwards.
  if (xIsTime || xIsNumber) for (const one of list) one.points.sort((a, b) => Number(a[0]) - Number(b[0]));
  const fallback: ChartKind = xIsTime ? 'line' : xIsNumber ? 'scatter' : 'column';
  return {
    kind: kind ?? fallback,
    stacked: render?.kind === 'stacked' || render?.visualization === 'stackedareachart' || ((kind === 'column' || kind === 'area') && list.length > 1),
    title, xIsTime, xName: xColumn.name, yName: ys.length === 1 ? columns[ys[0]!]!.name : '', series: list, allSeries, categories, histogram: false, binSeconds: 0,
  };
}
