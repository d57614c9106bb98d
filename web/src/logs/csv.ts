// Rows as text for files and the clipboard.
import type { Cell, Column, Row } from '../api/types';

// A cell that begins like a formula is one to a spreadsheet, and log lines are written by strangers.
function csvCell(column: Column, cell: Cell | undefined): string {
  if (cell === null || cell === undefined) return '';
  let text = String(cell);
  if ((column.type === 'string' || column.type === 'dynamic') && /^[=+@\t\r]/.test(text)) text = `'${text}`;
  return /[",\r\n']/.test(text) ? `"${text.replace(/"/g, '""')}"` : text;
}

export function toCsv(columns: Column[], order: number[], rows: Iterable<Row>): string {
  const lines = [order.map((i) => csvCell({ name: '', type: 'string' }, columns[i]!.name)).join(',')];
  for (const row of rows) lines.push(order.map((i) => csvCell(columns[i]!, row[i])).join(','));
  return `${lines.join('\r\n')}\r\n`;
}

export function toTabs(columns: Column[], order: number[], rows: Iterable<Row>): string {
  const clean = (cell: Cell | undefined) => (cell === null || cell === undefined ? '' : String(cell).replace(/[\t\r\n]+/g, ' '));
  const lines = [order.map((i) => columns[i]!.name).join('\t')];
  for (const row of rows) lines.push(order.map((i) => clean(row[i])).join('\t'));
  return lines.join('\n');
}

// The row as an object; dynamic cells as what they are. Longs beyond 2^53 stay strings.
export function toObject(columns: Column[], row: Row): Record<string, unknown> {
  const object: Record<string, unknown> = {};
  columns.forEach((column, i) => {
    const cell = row[i];
    if (cell === null || cell === undefined || cell === '') return;
    object[column.name] = column.type === 'dynamic' ? parsed(String(cell)) : cell;
  });
  return object;
}

export function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

export function saveFile(name: string, content: Blob) {
  const url = URL.createObjectURL(content);
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
