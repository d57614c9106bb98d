// Holds the connection to /api/v1/tail open, comes back when it breaks, and redraws at most six times a second.
import { useCallback, useEffect, useRef, useState } from 'react';
import { ApiError, send } from '../api/client';
import { linesOf } from '../api/lines';
import { EventParser, TailBuffer, type TailRow } from './tail_buffer';

export type TailState = 'connecting' | 'live' | 'broken' | 'ended';
export interface TailView { state: TailState; reason: string; rows: TailRow[]; rate: number; skipped: number; received: number }

export function useTail(table: string, text: string) {
  const buffer = useRef(new TailBuffer());
  const [view, setView] = useState<TailView>({ state: 'connecting', reason: '', rows: [], rate: 0, skipped: 0, received: 0 });

  const redraw = useCallback((change: Partial<TailView> = {}) => {
    const b = buffer.current;
    setView((before) => ({ ...before, rows: b.snapshot(), rate: b.rate(Date.now()), skipped: b.skipped, received: b.received, ...change }));
  }, []);

  useEffect(() => {
    const abort = new AbortController();
    let dirty = false;
    let lastRate = -1;
    buffer.current = new TailBuffer();
    redraw({ state: 'connecting', reason: '' });
    const timer = window.setInterval(() => {
      const rate = buffer.current.rate(Date.now());
      if (dirty || rate !== lastRate) redraw();
      dirty = false;
      lastRate = rate;
    }, 160);

    const watch = async () => {
      for (let wait = 500; !abort.signal.aborted; wait = Math.min(wait * 2, 15_000)) {
        try {
          const parameters = new URLSearchParams();
          if (table) parameters.set('table', table);
          if (text.trim()) parameters.set('text', text.trim());
          const response = await send('GET', `/api/v1/tail?${parameters}`, undefined, abort.signal);
          redraw({ state: 'live', reason: '' });
          wait = 500;
          const parser = new EventParser();
          for await (const line of linesOf(response.body!)) {
            const event = parser.line(line);
            if (!event) continue;
            if (event.event === 'rows') buffer.current.add(JSON.parse(event.data) as { table: string; row: Record<string, unknown> }[], Date.now());
            else if (event.event === 'skipped') buffer.current.skip((JSON.parse(event.data) as { rows: number }).rows, Date.now());
            else if (event.event === 'end') redraw({ reason: (JSON.parse(event.data) as { reason: string }).reason });
            dirty = true;
          }
        } catch (problem) {
          if (abort.signal.aborted) return;
          // What the request itself is to blame for does not get better by asking again.
          if (problem instanceof ApiError && problem.status >= 400 && problem.status < 500 && problem.status !== 429) {
            redraw({ state: 'ended', reason: problem.message });
            return;
          }
        }
        if (abort.signal.aborted) return;
        redraw({ state: 'broken' });
        await new Promise((done) => setTimeout(done, wait));
      }
    };
    void watch();
    return () => {
      abort.abort();
      window.clearInterval(timer);
    };
  }, [table, text, redraw]);

  const clear = useCallback(() => {
    buffer.current.clear();
    redraw();
  }, [redraw]);
  return { view, clear };
}
