import { describe, expect, it } from 'vitest';
import { bodyOf, formOf, isTuned, parseConditions, printConditions, type Rule } from './rule_model';

const rule: Rule = { id: 'r', title: 'T', kind: 'sigma', severity: 'Low', enabled: true, file: 'r.yml', tags: [], error: '', matches: 0 };

describe('conditions of a suppression', () => {
  it('are lines, and a field that stands twice has a list', () => {
    const { conditions, badLine } = parseConditions('User = svc_*\n\nHostName=web01\n HostName = web02 \nText = a = b');
    expect(badLine).toBe(null);
    expect(conditions).toEqual({ User: 'svc_*', HostName: ['web01', 'web02'], Text: 'a = b' });
    expect(printConditions(conditions)).toBe('User = svc_*\nHostName = web01, web02\nText = a = b');
  });
  it('name the line that is none', () => {
    expect(parseConditions('A = 1\nnothing').badLine).toBe(2);
    expect(parseConditions('= 1').badLine).toBe(1);
  });
});

describe('the form of tuning', () => {
  it('is not needed to switch a rule', () => {
    expect(isTuned(rule)).toBe(false);
    expect(isTuned({ ...rule, tuning: { changed: 'x', changed_by: 'y' } })).toBe(false);
    expect(isTuned({ ...rule, tuning: { note: 'n', changed: 'x', changed_by: 'y' } })).toBe(true);
  });
  it('is empty for a rule without, and takes back what it had', () => {
    expect(bodyOf(formOf(rule))).toEqual({ severity: '', title: '', exclude: '', note: '', throttle: null });
  });
  it('keeps what was set', () => {
    const tuned = { ...rule, tuning: { severity: 'High', throttle: { seconds: 3600, most: 2, by: 'HostName,User' }, exclude: 'User: backup', changed: '', changed_by: '' } };
    expect(bodyOf(formOf(tuned))).toEqual({ severity: 'High', title: '', exclude: 'User: backup', note: '', throttle: { seconds: 3600, most: 2, by: ['HostName', 'User'] } });
  });
});
