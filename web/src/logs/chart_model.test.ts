import { describe, expect, test } from 'vitest';
import type { Column, Row } from '../api/types';
import { binFor, chartOf, kMostSeries } from './chart_model';

const time: Column = { name: 'TimeGenerated', type: 'datetime' };
const count: Column = { name: 'count_', type: 'long' };
const host: Column = { name: 'Computer', type: 'string' };

describe('charts', () => {
  test('counts over time make a line, in order', () => {
    const chart = chartOf([time, count], [['2026-01-01T01:00:00Z', 2], ['2026-01-01T00:00:00Z', 1]], { visualization: 'timechart' });
    expect(chart).toMatchObject({ kind: 'line', xIsTime: true, series: [{ name: 'count_' }] });
    expect(chart!.series[0]!.points.map((point) => point[1])).toEqual([1, 2]);
  });
  test('a name beside the time splits into series', () => {
    const chart = chartOf([host, time, count], [['a', '2026-01-01T00:00:00Z', 1], ['b', '2026-01-01T00:00:00Z', 2]], { visualization: 'timechart' });
    expect(chart!.series.map((one) => one.name)).toEqual(['a', 'b']);
  });
  test('a name without time makes columns; pie and bar as asked', () => {
    const rows: Row[] = [['a', 3], ['b', 2]];
    expect(chartOf([host, count], rows, null)).toMatchObject({ kind: 'column', categories: ['a', 'b'] });
    expect(chartOf([host, count], rows, { visualization: 'piechart' })!.kind).toBe('pie');
    expect(chartOf([host, count], rows, { visualization: 'barchart' })!.kind).toBe('bar');
    expect(chartOf([host, count], rows, null, 'pie')!.kind).toBe('pie');
  });
  test('raw events are counted', () => {
    const columns = [time, host, ...Array.from({ length: 8 }, (_, i): Column => ({ name: `c${i}`, type: 'long' }))];
    const rows: Row[] = [0, 1, 1, 5].map((minute) => [`2026-01-01T00:0${minute}:10Z`, 'a', ...Array(8).fill(1)]);
    const chart = chartOf(columns, rows, null)!;
    expect(chart.histogram).toBe(true);
    expect(chart.series[0]!.points.reduce((sum, [, y]) => sum + y!, 0)).toBe(4);
    // Bins without events are there, too: a gap must look like one.
    expect(chart.series[0]!.points.some(([, y]) => y === 0)).toBe(true);
  });
  test('nothing to draw', () => {
    expect(chartOf([host], [['a']], null)).toBeNull();
    expect(chartOf([count], [], null)).toBeNull();
    expect(chartOf([count], [[1]], null)).toBeNull();
  });
  test('a card shows one number', () => expect(chartOf([count], [[42]], { visualization: 'card' })!.series[0]!.points[0]![1]).toBe(42));
  test('too many series: the largest', () => {
    const rows: Row[] = Array.from({ length: 40 }, (_, i) => [`h${i}`, '2026-01-01T00:00:00Z', i]);
    const chart = chartOf([host, time, count], rows, null)!;
    expect(chart.allSeries).toBe(40);
    expect(chart.series).toHaveLength(kMostSeries);
    expect(chart.series[0]!.name).toBe('h39');
  });
});

test('bins', () => {
  expect(binFor(60)).toBe(1);
  expect(binFor(3600)).toBe(60);
  expect(binFor(86_400)).toBe(1800);
  expect(binFor(30 * 86_400)).toBe(43_200);
});
