// The queries that were run, newest first; kept in this browser, by user.
import type { TimeRange } from './time_range';

export interface HistoryEntry { text: string; range: TimeRange; at: string; rows: number | null; ms: number | null; failed: boolean }
const kMost = 100;
const key = (user: string) => `yagura.history.${user}`;

export function loadHistory(user: string): HistoryEntry[] {
  try {
    const value = JSON.parse(localStorage.getItem(key(user)) ?? '[]') as HistoryEntry[];
    return Array.isArray(value) ? value : [];
  } catch {
    return [];
  }
}
export function addToHistory(entries: HistoryEntry[], entry: HistoryEntry): HistoryEntry[] {
  return [entry, ...entries.filter((other) => other.text.trim() !== entry.text.trim())].slice(0, kMost);
}
export function storeHistory(user: string, entries: HistoryEntry[]) {
  try {
    localStorage.setItem(key(user), JSON.stringify(entries));
  } catch {
    // Full: the history is a convenience.
  }
}
