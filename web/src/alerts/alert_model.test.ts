import { expect, test } from 'vitest';
import { bytesAsText, entitiesOf, linksOf, matchesWords, positionsOf, propertiesOf, type Alert } from './alert_model';

const alert = {
  AlertName: 'Root sign-in', CompromisedEntity: 'web-1', Tactics: 'InitialAccess', Description: '',
  Entities: '[{"$id":"1","Type":"host","HostName":"web-1"},{"$id":"2","Type":"account","Name":"root","Sid":5},3]',
  ExtendedProperties: '{"JournalPosition":7,"JournalPositions":[5,6,7],"RuleId":"x"}',
  ExtendedLinks: '[{"Href":"https://example.org/a"},{"Href":"javascript:alert(1)"}]',
} as unknown as Alert;

test('properties, entities and links are read with care', () => {
  expect(propertiesOf(alert).RuleId).toBe('x');
  expect(entitiesOf(alert)).toEqual([{ type: 'host', text: 'web-1' }, { type: 'account', text: 'root · 5' }]);
  expect(linksOf(alert)).toEqual(['https://example.org/a']);
  const broken = { ...alert, ExtendedProperties: '{', Entities: 'x', ExtendedLinks: '{}' };
  expect([propertiesOf(broken), entitiesOf(broken), linksOf(broken)]).toEqual([{}, [], []]);
});
test('the newest positions of a correlation are kept', () => {
  expect(positionsOf(propertiesOf(alert))).toEqual([5, 6, 7]);
  expect(positionsOf(propertiesOf(alert), 2)).toEqual([6, 7]);
  expect(positionsOf({ JournalPosition: 9 })).toEqual([9]);
  expect(positionsOf({ JournalPosition: 0 })).toEqual([]);
});
test('words are looked for in name and entities', () => {
  expect(matchesWords(alert, 'ROOT web-1')).toBe(true);
  expect(matchesWords(alert, 'root db-1')).toBe(false);
  expect(matchesWords(alert, ' ')).toBe(true);
});
test('bytes are shown, never acted on', () => {
  expect(bytesAsText(btoa('a\x1b[31mb\n'))).toBe('a\\x1b[31mb\n');
  expect(bytesAsText(btoa('\xff\xfea'))).toBe('\\xff\\xfea');
  expect(bytesAsText(btoa('\xe6\xab\x93'))).toBe('櫓');
});
