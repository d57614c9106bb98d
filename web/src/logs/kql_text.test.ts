import { describe, expect, test } from 'vitest';
import { blockAt, filterFor, rangeOf, withFilter } from './kql_text';

describe('the block that runs', () => {
  const text = 'A\n| count\n\n\nB\n| take 1\n';
  test.each([
    [0, 'A\n| count', 0],
    [9, 'A\n| count', 0],
    [10, 'A\n| count', 0],
    [12, 'B\n| take 1', 12],
    [text.length, 'B\n| take 1', 12],
  ])('at %i', (offset, expected, start) => expect(blockAt(text, offset)).toEqual({ text: expected, start }));
  test('nothing but blanks', () => expect(blockAt('\n \n', 1).text).toBe(''));
  test('blank lines first', () => expect(blockAt('\n\nA', 0)).toEqual({ text: 'A', start: 2 }));
  test('one without line feed', () => expect(blockAt('A | count', 9)).toEqual({ text: 'A | count', start: 0 }));
});

describe('filters from cells', () => {
  test.each([
    ['string', 'a"b\\c', true, '| where X == "a\\"b\\\\c"'],
    ['string', '', false, '| where isnotempty(X)'],
    ['long', 7, false, '| where X != 7'],
    ['long', '9223372036854775807', true, '| where X == 9223372036854775807'],
    ['datetime', '2026-01-01T00:00:00Z', true, '| where X == datetime(2026-01-01T00:00:00Z)'],
    ['bool', true, true, '| where X == true'],
    ['real', 'NaN', true, '| where X == real(nan)'],
    ['guid', null, true, '| where isnull(X)'],
    ['dynamic', '{"a": 1}', true, '| where tostring(X) == "{\\"a\\":1}"'],
  ] as const)('%s %s', (type, cell, include, expected) => expect(filterFor({ name: 'X', type }, cell, include)).toBe(expected));
  test('odd names are bracketed', () => expect(filterFor({ name: 'a b', type: 'long' }, 1, true)).toBe('| where ["a b"] == 1'));
});

test('a filter goes before render', () => {
  expect(withFilter('T\n| summarize count() by bin(t, 1h)\n| render timechart', '| where a == 1')).toBe(
    'T\n| summarize count() by bin(t, 1h)\n| where a == 1\n| render timechart',
  );
  expect(withFilter('T | take 5;\n', '| where a == 1')).toBe('T | take 5\n| where a == 1');
});

describe('positions', () => {
  test('bytes become UTF-16 columns', () => {
    const query = 'print "櫓😀", x\n| where y';
    const at = new TextEncoder().encode('print "櫓😀", ').length;
    expect(rangeOf(query, { start: at, length: 1 }, 1, 1)).toEqual({ startLineNumber: 1, startColumn: 14, endLineNumber: 1, endColumn: 15 });
  });
  test('in a block that starts further down', () => {
    expect(rangeOf('A\n| b', { start: 4, length: 1 }, 10, 1)).toEqual({ startLineNumber: 11, startColumn: 3, endLineNumber: 11, endColumn: 4 });
  });
  test('at the end there is still something to see', () => {
    expect(rangeOf('A', { start: 1, length: 0 }, 1, 5)).toEqual({ startLineNumber: 1, startColumn: 6, endLineNumber: 1, endColumn: 7 });
  });
});
