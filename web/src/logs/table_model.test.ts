import { describe, expect, test } from 'vitest';
import type { Cell, Column, Row } from '../api/types';
import { columnOrder, emptyColumns, orderRows, timespanSeconds } from './table_model';

const column = (type: Column['type'], name = 'X'): Column => ({ name, type });
const sorted = (type: Column['type'], cells: Cell[], descending = false) =>
  orderRows([column(type)], cells.map((cell): Row => [cell]), { column: 0, descending }, '').map((index) => cells[index]);

describe('sorting', () => {
  test('by value, not by text', () => {
    expect(sorted('int', [10, 9, -1])).toEqual([-1, 9, 10]);
    expect(sorted('long', ['9223372036854775807', 3, '9223372036854775806'])).toEqual([3, '9223372036854775806', '9223372036854775807']);
    expect(sorted('decimal', ['10.5', '9.25'])).toEqual(['9.25', '10.5']);
    expect(sorted('timespan', ['1.00:00:00', '23:00:00', '-00:00:01'])).toEqual(['-00:00:01', '23:00:00', '1.00:00:00']);
  });
  test('times with and without a fraction', () => {
    expect(sorted('datetime', ['2026-01-01T00:00:00.5Z', '2026-01-01T00:00:00Z', '2026-01-01T00:00:00.05Z'])).toEqual([
      '2026-01-01T00:00:00Z', '2026-01-01T00:00:00.05Z', '2026-01-01T00:00:00.5Z',
    ]);
  });
  test('nothing comes last both ways', () => {
    expect(sorted('int', [null, 2, 1])).toEqual([1, 2, null]);
    expect(sorted('int', [null, 2, 1], true)).toEqual([2, 1, null]);
    expect(sorted('real', [1, 'NaN', '-Infinity', 'Infinity'])).toEqual(['-Infinity', 1, 'Infinity', 'NaN']);
  });
  test('equal rows keep their order', () => {
    expect(orderRows([column('int'), column('int')], [[1, 0], [1, 1], [0, 2]], { column: 0, descending: false }, '')).toEqual([2, 0, 1]);
  });
});

test('the filter wants every word, in any cell', () => {
  const rows: Row[] = [['web01', 'Failed password'], ['web02', 'Accepted password'], ['db01', 'failed']];
  expect(orderRows([column('string'), column('string')], rows, null, 'FAILED web')).toEqual([0]);
  expect(orderRows([column('string'), column('string')], rows, null, '  ')).toEqual([0, 1, 2]);
});

test('empty columns', () => {
  expect([...emptyColumns([column('string'), column('int'), column('string')], [['', null, 'x'], ['', 1, '']])]).toEqual([0]);
  expect(emptyColumns([column('string')], []).size).toBe(0);
});

test('time first, bookkeeping last', () => {
  const names = ['_ItemId', 'Computer', 'TimeGenerated'];
  expect(columnOrder(names.map((name) => column('string', name))).map((i) => names[i])).toEqual(['TimeGenerated', 'Computer', '_ItemId']);
});

test('stored rows lead with what people look for, projected ones keep their order', () => {
  const order = (names: string[]) => columnOrder(names.map((name) => column('string', name))).map((i) => names[i]);
  expect(order(['SourceSystem', 'SyslogMessage', 'Computer', 'TimeGenerated', '_ItemId'])).toEqual(['TimeGenerated', 'Computer', 'SyslogMessage', 'SourceSystem', '_ItemId']);
  expect(order(['SyslogMessage', 'Computer'])).toEqual(['SyslogMessage', 'Computer']);
});

test('timespans', () => {
  expect(timespanSeconds('1.02:03:04.5000000')).toBe(93_784.5);
  expect(timespanSeconds('nonsense')).toBeNaN();
});
