import { describe, expect, test } from 'vitest';
import { EventParser, TailBuffer, lineOf, toneOf } from './tail_buffer';

describe('the buffer', () => {
  test('keeps the newest', () => {
    const buffer = new TailBuffer(10);
    for (let i = 0; i < 100; ++i) buffer.add([{ table: 'T', row: { i } }], i);
    const rows = buffer.snapshot();
    expect(rows.length).toBe(10);
    expect(rows.at(-1)!.row.i).toBe(99);
    expect(new Set(rows.map((row) => row.id)).size).toBe(10);
    expect(buffer.received).toBe(100);
  });
  test('the rate counts what is not shown', () => {
    const buffer = new TailBuffer();
    buffer.add(Array.from({ length: 10 }, () => ({ table: 'T', row: {} })), 1000);
    buffer.skip(40, 1500);
    expect(buffer.rate(2000)).toBe(10);
    expect(buffer.rate(10_000)).toBe(0);
  });
});

test('a line of syslog', () => {
  expect(lineOf({ TimeGenerated: 't', Computer: 'web01', SeverityLevel: 'err', ProcessName: 'sshd', ProcessID: 7, SyslogMessage: 'a\n b' })).toEqual({
    time: 't', host: 'web01', severity: 'err', message: 'sshd[7]: a ⏎ b',
  });
});
test('a line of a table nobody knows', () => {
  expect(lineOf({ TimeGenerated: 't', Type: 'Doors_CL', _ItemId: 'x', Door: 'north', Open: true }).message).toBe('Door=north  Open=true');
});
test('tones', () => {
  expect(['error', 'High', '10', 'warning', '5', 'info', ''].map(toneOf)).toEqual(['bad', 'bad', 'bad', 'warn', 'warn', 'idle', 'idle']);
});

test('server-sent events', () => {
  const parser = new EventParser();
  const got = ': hello\n\nevent: rows\ndata: [1,\ndata: 2]\n\ndata:x\n\n'.split('\n').map((line) => parser.line(line)).filter((event) => event !== null);
  expect(got).toEqual([{ event: 'rows', data: '[1,\n2]' }, { event: 'message', data: 'x' }]);
});
