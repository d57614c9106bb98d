// One query at a time: rows pour into `rows` while it runs; the page is redrawn a few times a second, not per piece.
import { useCallback, useEffect, useRef, useState } from 'react';
import { ApiError } from '../api/client';
import { runQuery, type QueryEnd, type QueryInput } from '../api/query';
import type { Column, Row } from '../api/types';

export interface Run {
  phase: 'idle' | 'running' | 'done' | 'failed' | 'cancelled';
  input: QueryInput | null;
  columns: Column[];
  rows: Row[];          // grows in place; `version` says when
  version: number;
  startedAt: number;
  end: QueryEnd | null;
  error: ApiError | null;
  wallMs: number;
}
const idle: Run = { phase: 'idle', input: null, columns: [], rows: [], version: 0, startedAt: 0, end: null, error: null, wallMs: 0 };

export function useQueryRun() {
  const [run, setRun] = useState<Run>(idle);
  const abort = useRef<AbortController | null>(null);
  useEffect(() => () => abort.current?.abort(), []);

  const start = useCallback(async (input: QueryInput): Promise<Run> => {
    abort.current?.abort();
    const controller = new AbortController();
    abort.current = controller;
    let present: Run = { ...idle, phase: 'running', input, startedAt: performance.now(), rows: [] };
    let timer: number | undefined;
    const show = (change: Partial<Run>) => {
      present = { ...present, ...change, version: present.version + 1 };
      if (abort.current === controller) setRun(present);
    };
    const soon = () => {
      timer ??= window.setTimeout(() => {
        timer = undefined;
        show({});
      }, 120);
    };
    setRun(present);
    try {
      const end = await runQuery(
        input,
        {
          columns: (columns) => show({ columns }),
          rows: (rows) => {
            for (const row of rows) present.rows.push(row);
            soon();
          },
        },
        controller.signal,
      );
      window.clearTimeout(timer);
      show({ phase: 'done', end, wallMs: performance.now() - present.startedAt });
    } catch (problem) {
      window.clearTimeout(timer);
      const wallMs = performance.now() - present.startedAt;
      if (controller.signal.aborted) show({ phase: 'cancelled', wallMs });
      else show({ phase: 'failed', wallMs, error: problem instanceof ApiError ? problem : new ApiError(0, 'internal', String(problem)) });
    }
    return present;
  }, []);

  const cancel = useCallback(() => abort.current?.abort(), []);
  const reset = useCallback(() => {
    abort.current?.abort();
    setRun(idle);
  }, []);
  return { run, start, cancel, reset };
}
