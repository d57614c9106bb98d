import { expect, test } from 'vitest';
import { RateTracker } from './rates';

test('rates from totals, through a restart', () => {
  const tracker = new RateTracker(3);
  tracker.add('a', 100, 0);
  expect(tracker.rates('a')).toEqual([]);
  tracker.add('a', 300, 2000);
  tracker.add('a', 300, 2000);
  tracker.add('a', 50, 3000);
  expect(tracker.rates('a')).toEqual([100, 50]);
  for (let i = 1; i < 6; ++i) tracker.add('a', 50 + i, 3000 + i * 1000);
  expect(tracker.rates('a')).toEqual([1, 1, 1]);
});
