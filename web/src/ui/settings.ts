// What a person sets once, kept in the browser.
import { useSyncExternalStore } from 'react';

export interface Settings { utc: boolean; schemaPanel: boolean; hideEmptyColumns: boolean; hideEmptyFields: boolean; narrowMenu: boolean; editorHeight: number; pinnedTables: string[] }
const initial: Settings = { utc: false, schemaPanel: true, hideEmptyColumns: true, hideEmptyFields: true, narrowMenu: false, editorHeight: 190, pinnedTables: ['Syslog', 'CommonSecurityLog', 'SecurityAlert', 'SecurityEvent', 'WindowsEvent'] };
const kStored = 'yagura.settings';

function load(): Settings {
  try {
    return { ...initial, ...(JSON.parse(localStorage.getItem(kStored) ?? '{}') as Partial<Settings>) };
  } catch {
    return initial;
  }
}
let current = load();
const listeners = new Set<() => void>();

export function changeSettings(change: Partial<Settings>) {
  current = { ...current, ...change };
  localStorage.setItem(kStored, JSON.stringify(current));
  listeners.forEach((listener) => listener());
}
export function useSettings(): Settings {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => current,
  );
}
