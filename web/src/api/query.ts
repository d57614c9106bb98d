// Runs a query; rows arrive while it runs. Aborting the signal cancels it on the server, too.
import { ApiError, errorOf, headersFor, send } from './client';
import { linesOf } from './lines';
import type { Column, Diagnostic, QueryStats, Row, Visualization } from './types';

export interface QueryInput { query: string; timespan?: string; max_rows?: number; timeout_seconds?: number }
export interface QueryEnd { stats: QueryStats; render: Visualization | null; notices: string[]; truncated: boolean }
export interface QueryEvents {
  columns(columns: Column[]): void;
  rows(rows: Row[]): void;
}

interface Line {
  columns?: Column[];
  rows?: Row[];
  error?: { code: string; message: string; diagnostics: Diagnostic[] };
  stats?: QueryStats;
  render?: Visualization | null;
  notices?: string[];
  truncated?: boolean;
}

export async function runQuery(input: QueryInput, events: QueryEvents, signal: AbortSignal): Promise<QueryEnd> {
  const response = await send('POST', '/api/v1/query?format=ndjson', input, signal);
  if (!response.body) throw new ApiError(0, 'unreachable', 'no answer');
  for await (const text of linesOf(response.body)) {
    if (text === '') continue;
    const line = JSON.parse(text) as Line;
    if (line.error) throw new ApiError(200, line.error.code, line.error.message, line.error.diagnostics);
    if (line.columns) events.columns(line.columns);
    if (line.rows) events.rows(line.rows);
    if (line.stats)
      return { stats: line.stats, render: line.render ?? null, notices: line.notices ?? [], truncated: line.truncated ?? false };
  }
  throw new ApiError(0, 'unreachable', 'the answer ended before its end');
}

// The whole result as a file, written by the server.
export async function downloadCsv(input: QueryInput): Promise<Blob> {
  const response = await fetch('/api/v1/query?format=csv', {
    method: 'POST',
    headers: headersFor('POST', true),
    body: JSON.stringify(input),
    credentials: 'same-origin',
  });
  if (!response.ok) throw await errorOf(response);
  return response.blob();
}
