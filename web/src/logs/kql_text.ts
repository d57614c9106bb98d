// Small things about KQL's text: which part runs, values as literals, server positions as editor positions.
import type { Cell, Column, Diagnostic } from '../api/types';

// Kusto's editors run the block that the cursor is in: blocks are separated by blank lines.
export function blockAt(text: string, offset: number): { text: string; start: number } {
  const lines: { start: number; end: number; blank: boolean }[] = [];
  let at = 0;
  for (const line of text.split('\n')) {
    lines.push({ start: at, end: at + line.length, blank: line.trim() === '' });
    at += line.length + 1;
  }
  let index = lines.findIndex((line) => offset <= line.end);
  if (index < 0) index = lines.length - 1;
  // On a blank line: the block above, as people write and press run; else the one below.
  let anchor = index;
  while (anchor >= 0 && lines[anchor]!.blank) --anchor;
  if (anchor < 0) {
    anchor = index;
    while (anchor < lines.length && lines[anchor]!.blank) ++anchor;
    if (anchor >= lines.length) return { text: '', start: 0 };
  }
  let first = anchor;
  while (first > 0 && !lines[first - 1]!.blank) --first;
  let last = anchor;
  while (last + 1 < lines.length && !lines[last + 1]!.blank) ++last;
  return { text: text.slice(lines[first]!.start, lines[last]!.end), start: lines[first]!.start };
}

export function quoted(text: string): string {
  return `"${text.replace(/\\/g, '\\\\').replace(/"/g, '\\"').replace(/\n/g, '\\n').replace(/\r/g, '\\r').replace(/\t/g, '\\t')}"`;
}

export function columnName(name: string): string {
  return /^[A-Za-z_]\w*$/.test(name) ? name : `[${quoted(name)}]`;
}

// `| where Column == value` for a cell of the result.
export function filterFor(column: Column, cell: Cell, include: boolean): string {
  const name = columnName(column.name);
  const empty = cell === null || cell === '';
  switch (column.type) {
    case 'string':
      return empty ? `| where ${include ? 'isempty' : 'isnotempty'}(${name})` : `| where ${name} ${include ? '==' : '!='} ${quoted(String(cell))}`;
    case 'dynamic':
      return empty ? `| where ${include ? 'isnull' : 'isnotnull'}(${name})` : `| where tostring(${name}) ${include ? '==' : '!='} ${quoted(compactJson(String(cell)))}`;
    default: {
      if (empty) return `| where ${include ? 'isnull' : 'isnotnull'}(${name})`;
      const literals: Partial<Record<Column['type'], string>> = {
        datetime: `datetime(${cell})`, timespan: `timespan(${cell})`, guid: `guid(${cell})`, decimal: `decimal(${cell})`,
        real: typeof cell === 'string' ? `real(${cell === 'NaN' ? 'nan' : cell === 'Infinity' ? '+inf' : '-inf'})` : String(cell),
      };
      return `| where ${name} ${include ? '==' : '!='} ${literals[column.type] ?? String(cell)}`;
    }
  }
}

function compactJson(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text));
  } catch {
    return text;
  }
}

// Appends a line to the block; before a trailing `render`, which must stay last.
export function withFilter(block: string, line: string): string {
  const trimmed = block.replace(/\s+$/, '').replace(/;$/, '');
  const render = /\n?\s*\|\s*render\b[^|]*$/.exec(trimmed);
  if (render) return `${trimmed.slice(0, render.index)}\n${line}${trimmed.slice(render.index).replace(/^\s*/, '\n')}`;
  return `${trimmed}\n${line}`;
}

export interface TextRange { startLineNumber: number; startColumn: number; endLineNumber: number; endColumn: number }

// The server counts bytes of UTF-8, the editor UTF-16 units in lines from 1.
export function rangeOf(query: string, diagnostic: Pick<Diagnostic, 'start' | 'length'>, firstLine: number, firstColumn: number): TextRange {
  const bytes = new TextEncoder().encode(query);
  const decode = (from: number, to: number) => new TextDecoder().decode(bytes.slice(Math.max(0, from), Math.min(to, bytes.length)));
  const position = (byte: number) => {
    const lines = decode(0, byte).split('\n');
    const lineNumber = firstLine + lines.length - 1;
    const column = lines[lines.length - 1]!.length + (lines.length === 1 ? firstColumn : 1);
    return { lineNumber, column };
  };
  const start = position(diagnostic.start);
  const end = position(diagnostic.start + Math.max(1, diagnostic.length));
  const empty = start.lineNumber === end.lineNumber && start.column === end.column;
  return {
    startLineNumber: start.lineNumber, startColumn: start.column,
    endLineNumber: end.lineNumber, endColumn: empty ? end.column + 1 : end.column,
  };
}
