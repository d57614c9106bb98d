import { expect, test } from 'vitest';
import { fromInputValue, limitsTimeItself, readTimeRange, timespanOf, toInputValue } from './time_range';

test('what goes to the server', () => {
  expect(timespanOf({ kind: 'last', preset: 'h4' })).toBe('PT4H');
  expect(timespanOf({ kind: 'all' })).toBeUndefined();
  expect(timespanOf({ kind: 'between', from: '2026-01-01T00:00:00Z', to: '2026-01-02T00:00:00Z' })).toBe('2026-01-01T00:00:00Z/2026-01-02T00:00:00Z');
});

test('a query that limits the time itself', () => {
  expect(limitsTimeItself('Syslog | where TimeGenerated > ago(1h)')).toBe(true);
  expect(limitsTimeItself('Syslog | where TimeGenerated between (a .. b)')).toBe(true);
  expect(limitsTimeItself('Syslog | summarize count() by bin(TimeGenerated, 1h)')).toBe(false);
  expect(limitsTimeItself('Syslog // TimeGenerated > ago(1h)')).toBe(false);
  expect(limitsTimeItself('Syslog | where M has "TimeGenerated > 1"')).toBe(false);
});

test('input fields and back', () => {
  expect(toInputValue('2026-03-01T12:30:00Z', true)).toBe('2026-03-01T12:30:00');
  expect(fromInputValue('2026-03-01T12:30', true)).toBe('2026-03-01T12:30:00.000Z');
  expect(fromInputValue('', true)).toBeNull();
  const iso = '2026-07-01T03:04:05.000Z';
  expect(fromInputValue(toInputValue(iso, false), false)).toBe(iso);
});

test('what an older console stored', () => {
  expect(readTimeRange(undefined)).toEqual({ kind: 'last', preset: 'd1' });
  expect(readTimeRange({ kind: 'last', preset: 'nope' })).toEqual({ kind: 'last', preset: 'd1' });
  expect(readTimeRange({ kind: 'all' })).toEqual({ kind: 'all' });
});
