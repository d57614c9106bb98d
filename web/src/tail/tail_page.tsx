import { ActionIcon, Button, Select, TextInput, Tooltip } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { useVirtualizer } from '@tanstack/react-virtual';
import { useEffect, useMemo, useRef, useState, type KeyboardEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { useNavigate } from 'react-router';
import { request } from '../api/client';
import type { Cell, Column, Table } from '../api/types';
import { quoted } from '../logs/kql_text';
import { RowDetail } from '../logs/row_detail';
import { formatCount, formatTime } from '../ui/format';
import { Icon } from '../ui/icons';
import { useSettings } from '../ui/settings';
import { Dot, Empty, Highlighted, Notice } from '../ui/ui';
import { lineOf, toneOf, type TailRow } from './tail_buffer';
import { useTail } from './use_tail';
import css from './tail.module.css';

const kRowHeight = 26;

export default function TailPage() {
  const { t, i18n } = useTranslation();
  const { utc } = useSettings();
  const navigate = useNavigate();
  const [table, setTable] = useState('');
  const [filter, setFilter] = useState('');
  const [highlight, setHighlight] = useState('');
  const [sentFilter] = useDebouncedValue(filter, 350);
  const { view, clear } = useTail(table, sentFilter);
  const [frozen, setFrozen] = useState<{ rows: TailRow[]; received: number } | null>(null);
  const [follow, setFollow] = useState(true);
  const [selected, setSelected] = useState<number | null>(null);
  const scroller = useRef<HTMLDivElement>(null);
  const tables = useQuery({ queryKey: ['tables'], queryFn: ({ signal }) => request<{ tables: Table[] }>('GET', '/api/v1/tables', undefined, signal), staleTime: 60_000 });

  const rows = frozen?.rows ?? view.rows;
  const waiting = frozen ? view.received - frozen.received : 0;
  const words = useMemo(() => [...highlight.trim().split(/\s+/), ...sentFilter.trim().split(/\s+/)], [highlight, sentFilter]);
  const list = useVirtualizer({ count: rows.length, getScrollElement: () => scroller.current, estimateSize: () => kRowHeight, overscan: 20, getItemKey: (i) => rows[i]!.id });

  useEffect(() => {
    if (follow && !frozen && rows.length > 0) list.scrollToIndex(rows.length - 1, { align: 'end' });
  }, [rows, follow, frozen, list]);
  useEffect(() => {
    setFrozen(null);
    setSelected(null);
  }, [table, sentFilter]);

  const pause = () => setFrozen(frozen ? null : { rows: view.rows, received: view.received });
  const onScroll = () => {
    const element = scroller.current!;
    setFollow(element.scrollHeight - element.scrollTop - element.clientHeight < kRowHeight * 2);
  };
  const keys = (event: KeyboardEvent) => {
    const typing = (event.target as HTMLElement).tagName === 'INPUT';
    if (event.key === ' ' && !typing && (event.target as HTMLElement).tagName !== 'BUTTON') {
      event.preventDefault();
      pause();
    } else if (event.key === 'Escape') setSelected(null);
  };
  const chosen = selected === null ? -1 : rows.findIndex((row) => row.id === selected);
  const openInLogs = () => {
    const conditions = sentFilter.trim().split(/\s+/).filter(Boolean).map((word) => `| where * contains ${quoted(word)}`);
    navigate(`/logs?query=${encodeURIComponent([table || 'Syslog', ...conditions, '| sort by TimeGenerated desc', '| take 1000'].join('\n'))}`);
  };
  const stateTone = frozen ? 'warn' : view.state === 'live' ? 'good' : view.state === 'ended' ? 'bad' : 'warn';
  const stateText = frozen ? t('tail.paused') : t(`tail.${view.state}`);

  return (
    <div className={css.page} onKeyDown={keys}>
      <h1 className="y-hidden">{t('app.tail')}</h1>
      <div className={css.bar}>
        <span className={css.state} data-tone={stateTone} data-testid="tail-state" aria-live="polite">
          <span className={view.state === 'live' && !frozen ? css.pulse : undefined}><Dot tone={stateTone} /></span>
          {stateText}
        </span>
        <Select size="xs" w={190} aria-label={t('tail.table')} placeholder={t('tail.allTables')} searchable clearable value={table || null} onChange={(value) => setTable(value ?? '')} data={(tables.data?.tables ?? []).map((one) => one.name)} leftSection={<Icon name="table" size={14} />} />
        <TextInput size="xs" className={css.input} placeholder={t('tail.filter')} aria-label={t('tail.filter')} leftSection={<Icon name="filter" size={13} />} value={filter} onChange={(e) => setFilter(e.currentTarget.value)} />
        <TextInput size="xs" className={css.input} placeholder={t('tail.highlight')} aria-label={t('tail.highlight')} leftSection={<Icon name="search" size={13} />} value={highlight} onChange={(e) => setHighlight(e.currentTarget.value)} />
        <div className={css.grow} />
        <span className={css.count} data-testid="tail-count">
          {t('tail.perSecond', { count: formatCount(Math.round(view.rate * 10) / 10, i18n.language) as unknown as number })}
          {'  ·  '}
          {t('tail.shown', { count: formatCount(rows.length, i18n.language) as unknown as number })}
        </span>
        {view.skipped > 0 && (
          <Tooltip label={t('tail.skippedHelp')} multiline w={260}><span className={css.skipped}>{t('tail.skipped', { count: formatCount(view.skipped, i18n.language) as unknown as number })}</span></Tooltip>
        )}
        <Button variant="default" style={{ flex: 'none' }} leftSection={<Icon name={frozen ? 'play' : 'pause'} size={13} />} onClick={pause} data-testid="tail-pause">{frozen ? t('tail.resume') : t('tail.pause')}</Button>
        <Tooltip label={t('tail.clear')}><ActionIcon size="lg" onClick={() => { clear(); setFrozen(null); }} aria-label={t('tail.clear')}><Icon name="broom" size={17} /></ActionIcon></Tooltip>
        <Tooltip label={t('tail.openInLogs')}><ActionIcon size="lg" onClick={openInLogs} aria-label={t('tail.openInLogs')}><Icon name="logs" size={17} /></ActionIcon></Tooltip>
      </div>
      {view.state === 'ended' && <div className={css.strip}><Notice tone="bad" title={t('tail.ended')}>{view.reason}</Notice></div>}
      <div className={css.split}>
        <div className={css.listWrap}>
          {rows.length === 0 ? (
            <Empty icon="tail" title={t('tail.waitingTitle')}>{t('tail.waitingText')}</Empty>
          ) : (
            <div ref={scroller} className={css.list} onScroll={onScroll} tabIndex={0} role="log" aria-label={t('app.tail')} aria-live="off" data-testid="tail-list">
              <div style={{ height: list.getTotalSize(), position: 'relative' }}>
                {list.getVirtualItems().map((item) => {
                  const row = rows[item.index]!;
                  const line = lineOf(row.row);
                  return (
                    <button key={item.key} type="button" className={css.row} data-selected={row.id === selected || undefined} data-tone={toneOf(line.severity)} style={{ transform: `translateY(${item.start}px)` }}
                      onClick={() => { setSelected(row.id); if (!frozen) pause(); }}>
                      <span className={css.time}>{formatTime(line.time, utc).slice(5)}</span>
                      {!table && <span className={css.table}>{row.table}</span>}
                      <span className={css.host}><Highlighted text={line.host} words={words} /></span>
                      <span className={css.severity}>{line.severity}</span>
                      <span className={css.message}><Highlighted text={line.message} words={words} /></span>
                    </button>
                  );
                })}
              </div>
            </div>
          )}
          {(waiting > 0 || (!follow && !frozen && rows.length > 0)) && (
            <button type="button" className={css.jump} onClick={() => { setFrozen(null); setSelected(null); setFollow(true); list.scrollToIndex(Math.max(0, view.rows.length - 1), { align: 'end' }); }}>
              <Icon name="down" size={13} /> {waiting > 0 ? t('tail.waiting', { count: waiting }) : t('tail.newest')}
            </button>
          )}
        </div>
        {chosen >= 0 && <Detail row={rows[chosen]!} place={chosen} count={rows.length} tables={tables.data?.tables} onMove={(step) => setSelected(rows[chosen + step]?.id ?? selected)} onClose={() => setSelected(null)} />}
      </div>
    </div>
  );
}

function Detail({ row, tables, ...rest }: { row: TailRow; tables: Table[] | undefined; place: number; count: number; onMove(step: number): void; onClose(): void }) {
  const types = new Map(tables?.find((table) => table.name === row.table)?.columns.map((column) => [column.name, column]));
  const columns: Column[] = Object.keys(row.row).map((name) => types.get(name) ?? { name, type: 'string' });
  return <RowDetail columns={columns} row={columns.map((column) => row.row[column.name] as Cell)} {...rest} />;
}
