// The rows of a live tail: bounded, newest last, with a rate. Pure; the page draws it.
export interface TailRow { id: number; table: string; row: Record<string, unknown> }

export class TailBuffer {
  private rows: TailRow[] = [];
  private nextId = 1;
  private arrivals: { at: number; count: number }[] = [];
  skipped = 0;
  received = 0;

  constructor(private readonly most = 5000) {}

  add(items: { table: string; row: Record<string, unknown> }[], now: number) {
    for (const item of items) this.rows.push({ id: this.nextId++, table: item.table, row: item.row });
    // Cut in larger steps: shifting at every row would copy the array each time.
    if (this.rows.length > this.most * 1.2) this.rows = this.rows.slice(-this.most);
    this.received += items.length;
    this.arrivals.push({ at: now, count: items.length });
  }
  skip(count: number, now: number) {
    this.skipped += count;
    this.arrivals.push({ at: now, count });
  }
  // Rows a second over the last five, those not shown included.
  rate(now: number): number {
    this.arrivals = this.arrivals.filter((arrival) => arrival.at > now - 5000);
    return this.arrivals.reduce((sum, arrival) => sum + arrival.count, 0) / 5;
  }
  snapshot(): TailRow[] {
    return this.rows.slice(-this.most);
  }
  clear() {
    this.rows = [];
    this.skipped = 0;
    this.received = 0;
  }
}

const kMessages = ['SyslogMessage', 'Message', 'RenderedDescription', 'Activity', 'AlertName', 'EventOriginalMessage', 'RawData', 'AdditionalExtensions'];
const kHosts = ['Computer', 'HostName', 'Hostname', 'DeviceName', 'DvcHostname', 'Dvc', 'SourceHostName'];
const kSeverities = ['SeverityLevel', 'LogSeverity', 'AlertSeverity', 'EventSeverity', 'Level', 'Severity'];
const kBookkeeping = new Set(['TimeGenerated', 'Type', 'TenantId']);

function first(row: Record<string, unknown>, names: string[]): string {
  for (const name of names) {
    const value = row[name];
    if (value !== undefined && value !== null && value !== '') return String(value);
  }
  return '';
}

export interface TailLine { time: string; host: string; severity: string; message: string }
// One line for any table: what people look for first, else all there is.
export function lineOf(row: Record<string, unknown>): TailLine {
  const process = row.ProcessName ? `${String(row.ProcessName)}${row.ProcessID ? `[${String(row.ProcessID)}]` : ''}: ` : '';
  let message = first(row, kMessages);
  if (message !== '') message = process + message;
  else
    message = Object.entries(row)
      .filter(([name]) => !name.startsWith('_') && !kBookkeeping.has(name) && !kHosts.includes(name) && !kSeverities.includes(name))
      .map(([name, value]) => `${name}=${String(value)}`)
      .join('  ');
  return { time: String(row.TimeGenerated ?? ''), host: first(row, kHosts), severity: first(row, kSeverities), message: message.replace(/\s*[\r\n]+\s*/g, ' ⏎ ') };
}

export type Tone = 'bad' | 'warn' | 'good' | 'idle';
export function toneOf(severity: string): Tone {
  const word = severity.toLowerCase();
  if (/^(emerg|alert|crit|err|high|fatal|very-high|[89]$|10$)/.test(word)) return 'bad';
  if (/^(warn|medium|[4-7]$)/.test(word)) return 'warn';
  return 'idle';
}

// Server-sent events out of lines (HTML Standard 9.2.6): enough of it for what the server sends.
export class EventParser {
  private event = '';
  private data: string[] = [];
  line(text: string): { event: string; data: string } | null {
    if (text === '') {
      const done = this.data.length > 0 ? { event: this.event || 'message', data: this.data.join('\n') } : null;
      this.event = '';
      this.data = [];
      return done;
    }
    const colon = text.indexOf(':');
    if (colon === 0) return null;
    const field = colon < 0 ? text : text.slice(0, colon);
    const value = colon < 0 ? '' : text.slice(colon + 1).replace(/^ /, '');
    if (field === 'event') this.event = value;
    else if (field === 'data') this.data.push(value);
    return null;
  }
}
