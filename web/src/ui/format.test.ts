import { expect, test } from 'vitest';
import { formatBytes, formatMicroseconds, formatSpan, formatTime } from './format';

test('times keep three digits, and none when they are zero', () => {
  expect(formatTime('2026-03-01T12:00:00.1234567Z', true)).toBe('2026-03-01 12:00:00.123');
  expect(formatTime('2026-03-01T12:00:00Z', true)).toBe('2026-03-01 12:00:00');
  expect(formatTime('2026-03-01T12:00:00.05Z', true)).toBe('2026-03-01 12:00:00.050');
  expect(formatTime('not a time', true)).toBe('not a time');
});

test('amounts', () => {
  expect(formatBytes(0)).toBe('0 B');
  expect(formatBytes(1536)).toBe('1.5 KiB');
  expect(formatBytes(1024 ** 3 * 300)).toBe('300 GiB');
  expect(formatMicroseconds(900)).toBe('900 µs');
  expect(formatMicroseconds(4_500)).toBe('4.5 ms');
  expect(formatMicroseconds(2_500_000)).toBe('2.50 s');
  expect(formatSpan(59)).toBe('59 s');
  expect(formatSpan(7200)).toBe('2 h');
});
