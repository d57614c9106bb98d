// The time picker's state and what of it goes to the server.
export type Preset = 'm30' | 'h1' | 'h4' | 'h12' | 'd1' | 'd3' | 'd7' | 'd30';
export type TimeRange = { kind: 'last'; preset: Preset } | { kind: 'all' } | { kind: 'between'; from: string; to: string };

export const presets: [Preset, string, number][] = [
  ['m30', 'PT30M', 1800],
  ['h1', 'PT1H', 3600],
  ['h4', 'PT4H', 14_400],
  ['h12', 'PT12H', 43_200],
  ['d1', 'P1D', 86_400],
  ['d3', 'P3D', 259_200],
  ['d7', 'P7D', 604_800],
  ['d30', 'P30D', 2_592_000],
];

// ISO 8601 for the API's `timespan`; undefined is no limit.
export function timespanOf(range: TimeRange): string | undefined {
  if (range.kind === 'all') return undefined;
  if (range.kind === 'between') return `${range.from}/${range.to}`;
  return presets.find(([preset]) => preset === range.preset)?.[1];
}

// Seconds, for choosing a chart's bin before there are rows.
export function secondsOf(range: TimeRange): number | undefined {
  if (range.kind === 'last') return presets.find(([preset]) => preset === range.preset)?.[2];
  if (range.kind === 'between') return (Date.parse(range.to) - Date.parse(range.from)) / 1000;
  return undefined;
}

// Whether the query limits the time itself; then the picker only adds to it.
export function limitsTimeItself(query: string): boolean {
  const code = query.replace(/\/\/.*$/gm, '').replace(/"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'/g, '""');
  return /\bTimeGenerated\s*(?:[<>]=?|between|!between)/.test(code);
}

// <input type="datetime-local"> speaks local time without a zone.
export function toInputValue(iso: string, utc: boolean): string {
  const date = new Date(iso);
  if (Number.isNaN(date.getTime())) return '';
  const shifted = utc ? date : new Date(date.getTime() - date.getTimezoneOffset() * 60_000);
  return shifted.toISOString().slice(0, 19);
}
export function fromInputValue(value: string, utc: boolean): string | null {
  const date = new Date(utc ? `${value}Z` : value);
  return value === '' || Number.isNaN(date.getTime()) ? null : date.toISOString();
}

export function readTimeRange(value: unknown): TimeRange {
  const range = value as TimeRange | undefined;
  if (range?.kind === 'all') return range;
  if (range?.kind === 'last' && presets.some(([preset]) => preset === range.preset)) return range;
  if (range?.kind === 'between' && !Number.isNaN(Date.parse(range.from)) && !Number.isNaN(Date.parse(range.to))) return range;
  return { kind: 'last', preset: 'd1' };
}
