export type ColumnType =
  | 'bool' | 'int' | 'long' | 'real' | 'decimal' | 'string' | 'datetime' | 'timespan' | 'guid' | 'dynamic';

export interface Column { name: string; type: ColumnType; description?: string }
export type Cell = string | number | boolean | null;
export type Row = Cell[];

export interface Table { name: string; description: string; custom: boolean; retention: string; columns: Column[] }

export interface Diagnostic {
  code: string;
  severity: 'error' | 'warning';
  message: string;
  start: number;   // bytes of UTF-8
  length: number;
  line: number;    // from 1
  column: number;  // from 1, in characters
}

export interface QueryStats { compile_us: number; total_us: number; rows_read: number; bytes_read: number; rows_returned: number }
export interface Visualization { visualization: string | null; title?: string | null; kind?: string | null; [key: string]: unknown }

export interface User { id: number; name: string; display_name: string; role: string; must_change_password: boolean }
export interface Session {
  user: User; permissions: string[]; csrf_token?: string; expires?: string; workspace: string; version: string;
}
export interface Source {
  name: string; kind: string; address: string; state: string; detail: string;
  received: number; received_bytes: number; dropped: number; last: string | null;
}
export interface HealthPart { name: string; healthy: boolean; detail: string }
export interface Health { status: 'ok' | 'degraded'; version: string; now: string; parts: HealthPart[] }
export interface SavedQuery { id: number; name: string; text: string; shared: boolean; user: string; mine: boolean; changed: string }
export interface ApiToken {
  id: number; hint: string; name: string; user: string; role: string; scopes: string[];
  created: string; expires: string | null; last_used: string | null; token?: string;
}
