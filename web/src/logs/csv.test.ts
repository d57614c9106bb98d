import { expect, test } from 'vitest';
import type { Column } from '../api/types';
import { toCsv, toObject, toTabs } from './csv';

const columns: Column[] = [{ name: 'A', type: 'string' }, { name: 'B', type: 'long' }, { name: 'C', type: 'dynamic' }];

test('quotes what must be, disarms formulas', () => {
  expect(toCsv(columns, [1, 0, 2], [['say "hi",\nthere', 1, null], ['=1+1', -2, '{"a":1}']])).toBe(
    'B,A,C\r\n1,"say ""hi"",\nthere",\r\n-2,"\'=1+1","{""a"":1}"\r\n',
  );
});

test('tabs', () => expect(toTabs(columns, [0, 1], [['a\tb\nc', 1, null]])).toBe('A\tB\na b c\t1'));

test('objects leave out what is empty and open dynamic', () => {
  expect(toObject(columns, ['', 7, '{"a":[1]}'])).toEqual({ B: 7, C: { a: [1] } });
  expect(toObject(columns, ['x', null, 'not json'])).toEqual({ A: 'x', C: 'not json' });
});
