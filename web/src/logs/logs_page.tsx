import { ActionIcon, Button, Checkbox, Group, Loader, Menu, Popover, ScrollArea, Select, TextInput, Tooltip } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useCallback, useEffect, useMemo, useRef, useState, type PointerEvent as ReactPointerEvent, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { useSearchParams } from 'react-router';
import { ApiError, request } from '../api/client';
import { downloadCsv } from '../api/query';
import type { Cell, Column, Row, SavedQuery, Table } from '../api/types';
import { useSession } from '../session/session';
import { formatCount, formatMicroseconds, formatShort, formatTime } from '../ui/format';
import { Icon } from '../ui/icons';
import { changeSettings, useSettings } from '../ui/settings';
import { Empty, Notice, TabButton } from '../ui/ui';
import { chartOf, type ChartKind } from './chart_model';
import { ChartView } from './chart_view';
import { saveFile, toCsv, toObject, toTabs } from './csv';
import { Editor, type EditorHandle } from './editor';
import { addToHistory, loadHistory, storeHistory, type HistoryEntry } from './history';
import { columnName, filterFor, rangeOf, withFilter } from './kql_text';
import { ResultTable } from './result_table';
import { RowDetail } from './row_detail';
import { SchemaPanel } from './schema_panel';
import { columnOrder, emptyColumns, orderRows, type Sort } from './table_model';
import { limitsTimeItself, readTimeRange, timespanOf, type TimeRange } from './time_range';
import { TimePicker } from './time_picker';
import { useQueryRun } from './use_query_run';
import css from './logs.module.css';

const kMaxRows = 30_000;
const draftKey = (user: string) => `yagura.draft.${user}`;

interface Draft { text: string; range: TimeRange }
function loadDraft(user: string): Draft {
  try {
    const draft = JSON.parse(localStorage.getItem(draftKey(user)) ?? '{}') as Partial<Draft>;
    return { text: typeof draft.text === 'string' ? draft.text : '', range: readTimeRange(draft.range) };
  } catch {
    return { text: '', range: readTimeRange(undefined) };
  }
}

export default function LogsPage() {
  const { t, i18n } = useTranslation();
  const { session } = useSession();
  const user = session.user.name;
  const settings = useSettings();
  const [parameters, setParameters] = useSearchParams();
  const draft = useMemo(() => loadDraft(user), [user]);
  const linked = parameters.get('query');
  const text = useRef(linked ?? draft.text);
  const [range, setRange] = useState<TimeRange>(draft.range);
  const [ownTime, setOwnTime] = useState(() => limitsTimeItself(text.current));
  const [history, setHistory] = useState(() => loadHistory(user));
  const editor = useRef<EditorHandle>(null);
  const { run, start, cancel } = useQueryRun();
  const ran = useRef({ query: '', line: 1, column: 1 });
  const tables = useQuery({ queryKey: ['tables'], queryFn: ({ signal }) => request<{ tables: Table[] }>('GET', '/api/v1/tables', undefined, signal), staleTime: 60_000 });

  const saveTimer = useRef<number | undefined>(undefined);
  const remember = useCallback((nextText: string, nextRange: TimeRange) => {
    window.clearTimeout(saveTimer.current);
    saveTimer.current = window.setTimeout(() => localStorage.setItem(draftKey(user), JSON.stringify({ text: nextText, range: nextRange })), 400);
  }, [user]);

  const execute = useCallback(async (query: string, line: number, column: number, usedRange: TimeRange) => {
    if (query.trim() === '') return;
    ran.current = { query, line, column };
    editor.current?.showDiagnostics(query, line, column, []);
    const done = await start({ query, timespan: timespanOf(usedRange), max_rows: kMaxRows });
    if (done.error?.diagnostics.length) editor.current?.showDiagnostics(query, line, column, done.error.diagnostics);
    if (done.phase === 'cancelled') return;
    setHistory((before) => {
      const after = addToHistory(before, {
        text: query, range: usedRange, at: new Date().toISOString(), failed: done.phase === 'failed',
        rows: done.end?.stats.rows_returned ?? null, ms: Math.round(done.wallMs),
      });
      storeHistory(user, after);
      return after;
    });
  }, [start, user]);

  const runNow = useCallback(() => {
    const runnable = editor.current?.runnable();
    if (runnable) void execute(runnable.text, runnable.line, runnable.column, range);
  }, [execute, range]);

  const load = useCallback((query: string, nextRange?: TimeRange, runIt = true) => {
    editor.current?.setText(query);
    if (nextRange) setRange(nextRange);
    if (runIt) {
      const runnable = editor.current?.runnable();
      if (runnable) void execute(runnable.text, runnable.line, runnable.column, nextRange ?? range);
    }
  }, [execute, range]);

  // A link with ?query= runs once, then leaves the address clean.
  useEffect(() => {
    if (linked === null) return;
    setParameters({}, { replace: true });
    void execute(linked, 1, 1, range);
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, []);

  // Ctrl+Enter wherever the focus is.
  useEffect(() => {
    const listener = (event: KeyboardEvent) => {
      if (event.key === 'Enter' && (event.ctrlKey || event.metaKey) && !event.defaultPrevented) {
        event.preventDefault();
        runNow();
      } else if (event.key === 'Escape' && run.phase === 'running' && !document.querySelector('.suggest-widget.visible')) {
        cancel();
      }
    };
    window.addEventListener('keydown', listener);
    return () => window.removeEventListener('keydown', listener);
  }, [runNow, cancel, run.phase]);

  const drag = useRef<{ y: number; height: number } | null>(null);
  const splitter = {
    onPointerDown: (e: ReactPointerEvent) => {
      (e.target as HTMLElement).setPointerCapture(e.pointerId);
      drag.current = { y: e.clientY, height: settings.editorHeight };
    },
    onPointerMove: (e: ReactPointerEvent) => {
      if (drag.current) changeSettings({ editorHeight: Math.max(84, Math.min(window.innerHeight - 240, drag.current.height + e.clientY - drag.current.y)) });
    },
    onPointerUp: () => (drag.current = null),
  };

  const running = run.phase === 'running';
  return (
    <div className={css.page}>
      <h1 className="y-hidden">{t('app.logs')}</h1>
      {settings.schemaPanel && (
        <SchemaPanel tables={tables.data?.tables} onHide={() => changeSettings({ schemaPanel: false })} onInsert={(name) => editor.current?.insert(columnName(name))}
          onPreview={(name) => load(`${columnName(name)}\n| sort by TimeGenerated desc\n| take 100`)} />
      )}
      <div className={css.work}>
        <div className={css.bar}>
          {!settings.schemaPanel && (
            <Tooltip label={t('logs.showPanel')}><ActionIcon size="lg" onClick={() => changeSettings({ schemaPanel: true })} aria-label={t('logs.showPanel')}><Icon name="panel" size={17} /></ActionIcon></Tooltip>
          )}
          {running ? (
            <Button size="sm" color="red" variant="light" leftSection={<Icon name="stop" size={13} />} onClick={cancel} data-testid="cancel">{t('logs.cancel')}</Button>
          ) : (
            <Tooltip label={<>{t('logs.run')} <kbd>Ctrl</kbd> <kbd>Enter</kbd></>}>
              <Button size="sm" leftSection={<Icon name="play" size={13} />} onClick={runNow} data-testid="run">{t('logs.run')}</Button>
            </Tooltip>
          )}
          <TimePicker value={range} note={ownTime ? t('logs.setInQuery') : undefined} onChange={(next) => { setRange(next); remember(text.current, next); }} />
          <div className={css.grow} />
          <SaveMenu text={() => editor.current?.runnable().text ?? ''} />
          <SavedMenu onLoad={(query) => load(query)} />
          <HistoryMenu entries={history} onLoad={(entry) => load(entry.text, readTimeRange(entry.range))} onClear={() => { setHistory([]); storeHistory(user, []); }} utc={settings.utc} />
          <Tooltip label={t('logs.format')}><ActionIcon size="lg" onClick={() => editor.current?.format()} aria-label={t('logs.format')}><Icon name="format" size={17} /></ActionIcon></Tooltip>
        </div>
        <div className={css.editor} style={{ height: settings.editorHeight }}>
          <Editor ref={editor} initialText={text.current} tables={tables.data?.tables} label="KQL" onRun={runNow}
            onChange={(next) => { text.current = next; setOwnTime(limitsTimeItself(next)); remember(next, range); }} />
        </div>
        <div className={css.splitter} role="separator" aria-orientation="horizontal" {...splitter} />
        <Results
          run={run} now={ran.current}
          onSample={(query, nextRange) => load(query, nextRange)}
          hasTable={(name) => tables.data?.tables.some((table) => table.name === name) ?? false}
          onGoTo={(line, column) => editor.current?.goTo(line, column)}
          onFilter={(column, cell, include) => {
            const block = editor.current?.runnable().text ?? '';
            const next = withFilter(block, filterFor(column, cell, include));
            editor.current?.replaceBlock(next);
            const runnable = editor.current?.runnable();
            if (runnable) void execute(runnable.text, runnable.line, runnable.column, range);
          }}
          language={i18n.language}
        />
      </div>
    </div>
  );
}

interface ResultsProps {
  run: ReturnType<typeof useQueryRun>['run'];
  now: { query: string; line: number; column: number };
  onSample(query: string, range: TimeRange): void;
  hasTable(name: string): boolean;
  onGoTo(line: number, column: number): void;
  onFilter(column: Column, cell: Cell, include: boolean): void;
  language: string;
}

function Results({ run, now, onSample, hasTable, onGoTo, onFilter, language }: ResultsProps) {
  const { t } = useTranslation();
  const { utc, hideEmptyColumns } = useSettings();
  const [tab, setTab] = useState<'table' | 'chart'>('table');
  const [sort, setSort] = useState<Sort>(null);
  const [filter, setFilter] = useState('');
  const [hidden, setHidden] = useState<Set<string>>(new Set());
  const [selected, setSelected] = useState<number | null>(null);
  const [open, setOpen] = useState(false);
  const [kind, setKind] = useState<ChartKind | null>(null);
  const running = run.phase === 'running';

  // A new query: forget what belonged to the old rows; other columns, other hidden ones.
  useEffect(() => {
    setSort(null);
    setFilter('');
    setSelected(null);
    setOpen(false);
    setKind(null);
  }, [run.startedAt]);
  const shape = run.columns.map((column) => column.name).join('\n');
  useEffect(() => setHidden(new Set()), [shape]);
  const drawn = run.end?.render?.visualization;
  useEffect(() => {
    if (run.phase === 'done') setTab(drawn && drawn !== 'table' ? 'chart' : 'table');
    else if (run.phase === 'failed') setTab('table');
  }, [run.phase, drawn, run.startedAt]);

  const empties = useMemo(() => emptyColumns(run.columns, run.rows), [run.columns, run.rows, run.version]); // eslint-disable-line
  const order = useMemo(() => orderRows(run.columns, run.rows, sort, filter), [run.columns, run.rows, run.version, sort, filter]); // eslint-disable-line
  const shown = useMemo(
    () => columnOrder(run.columns).filter((i) => !hidden.has(run.columns[i]!.name) && !(hideEmptyColumns && empties.has(i))),
    [run.columns, hidden, hideEmptyColumns, empties],
  );
  const chart = useMemo(() => (tab === 'chart' ? chartOf(run.columns, run.rows, run.end?.render ?? null, kind ?? undefined) : null), [tab, run.columns, run.rows, run.version, run.end, kind]); // eslint-disable-line
  const hiddenEmpty = hideEmptyColumns ? [...empties].filter((i) => !hidden.has(run.columns[i]!.name)).length : 0;

  const copy = (text: string) => {
    void navigator.clipboard.writeText(text).then(() => notifications.show({ message: t('logs.copied'), autoClose: 1200 }));
  };
  const exportAll = async () => {
    try {
      saveFile('query.csv', await downloadCsv({ ...run.input!, max_rows: undefined }));
    } catch (error) {
      notifications.show({ color: 'red', message: error instanceof ApiError ? error.message : t('common.error') });
    }
  };
  const orderedRows = () => order.map((i) => run.rows[i]!);

  let body: ReactNode;
  if (run.phase === 'idle') body = <Start onSample={onSample} hasTable={hasTable} />;
  else if (run.phase === 'failed' && run.rows.length === 0) body = <Failure run={run} now={now} onGoTo={onGoTo} />;
  else if (run.phase === 'cancelled' && run.rows.length === 0) body = <Empty icon="stop" title={t('logs.cancelledTitle')}>{t('logs.cancelledText')}</Empty>;
  else if (run.phase === 'done' && run.rows.length === 0) body = <Empty icon="search" title={t('logs.noneTitle')}>{t('logs.noneText')}</Empty>;
  else if (run.rows.length === 0) body = <div className={css.wait}><Loader size="sm" /><span>{t('logs.running')}</span></div>;
  else if (tab === 'chart') body = chart ? <ChartView chart={chart} /> : <Empty icon="chart" title={t('logs.noChartTitle')}>{t('logs.noChartText')}</Empty>;
  else
    body = (
      <div className={css.split}>
        <div className={css.table}>
          <ResultTable columns={run.columns} shownColumns={shown} rows={run.rows} order={order} sort={sort} onSort={setSort} filter={filter} utc={utc}
            selected={selected} onSelect={(place, openIt) => { setSelected(place); if (openIt) setOpen(true); if (place === null) setOpen(false); }}
            onHideColumn={(i) => setHidden((before) => new Set(before).add(run.columns[i]!.name))}
            onFilter={onFilter} onCopy={copy} onCopyRow={(row: Row) => copy(JSON.stringify(toObject(run.columns, row), null, 2))} label={t('logs.results')} />
        </div>
        {open && selected !== null && order[selected] !== undefined && (
          <RowDetail columns={run.columns} row={run.rows[order[selected]]!} place={selected} count={order.length} onMove={(step) => setSelected(selected + step)} onClose={() => setOpen(false)} onFilter={onFilter} />
        )}
      </div>
    );

  const kinds: [ChartKind, string][] = [['line', t('logs.line')], ['area', t('logs.area')], ['column', t('logs.column')], ['bar', t('logs.bar')], ['pie', t('logs.pie')], ['scatter', t('logs.scatter')]];
  return (
    <section className={css.results} aria-label={t('logs.results')} aria-busy={running}>
      {run.phase !== 'idle' && (
        <div className={css.resultBar}>
          <div role="tablist" className={css.tabs}>
            <TabButton active={tab === 'table'} onClick={() => setTab('table')}><Icon name="table" size={15} />{t('logs.results')}</TabButton>
            <TabButton active={tab === 'chart'} onClick={() => setTab('chart')}><Icon name="chart" size={15} />{t('logs.chart')}</TabButton>
          </div>
          <Status run={run} language={language} />
          <div className={css.grow} />
          {tab === 'chart' && chart && (
            <>
              {chart.histogram && <span className={css.faint}>{t('logs.eventsOverTime')}</span>}
              {chart.allSeries > chart.series.length && <span className={css.faint}>{t('logs.series', { count: chart.allSeries, shown: chart.series.length })}</span>}
              <Select size="xs" w={112} aria-label={t('logs.chartType')} data={kinds.map(([value, label]) => ({ value, label }))} value={chart.kind} allowDeselect={false} onChange={(value) => setKind(value as ChartKind)} comboboxProps={{ position: 'bottom-end' }} />
            </>
          )}
          {tab === 'table' && run.rows.length > 0 && (
            <Group gap={4} wrap="nowrap">
              {hiddenEmpty > 0 && <button type="button" className={css.chip} onClick={() => changeSettings({ hideEmptyColumns: false })}>{t('logs.emptyHidden', { count: hiddenEmpty })} <Icon name="close" size={11} /></button>}
              <TextInput size="xs" w={190} placeholder={t('logs.filterRows')} aria-label={t('logs.filterRows')} leftSection={<Icon name="filter" size={13} />} value={filter} onChange={(e) => { setFilter(e.currentTarget.value); setSelected(null); }}
                rightSectionWidth={filter ? 84 : undefined} rightSection={filter ? <span className={css.filtered}>{t('logs.filtered', { shown: formatShort(order.length, language), count: formatShort(run.rows.length, language) })}</span> : null} />
              <Popover position="bottom-end" shadow="md" width={280}>
                <Popover.Target>
                  <Tooltip label={t('logs.columnsMenu')}><ActionIcon size="md" aria-label={t('logs.columnsMenu')}><Icon name="columns" /></ActionIcon></Tooltip>
                </Popover.Target>
                <Popover.Dropdown p="xs">
                  <ColumnsPanel columns={run.columns} hidden={hidden} empties={empties} setHidden={setHidden} />
                </Popover.Dropdown>
              </Popover>
              <Menu position="bottom-end" width={230}>
                <Menu.Target><Tooltip label={t('logs.exportCsv')}><ActionIcon size="md" aria-label={t('logs.exportCsv')}><Icon name="download" /></ActionIcon></Tooltip></Menu.Target>
                <Menu.Dropdown>
                  <Menu.Label>{t('logs.exportCsv')}</Menu.Label>
                  <Menu.Item leftSection={<Icon name="download" />} onClick={() => saveFile('query.csv', new Blob(['\ufeff', toCsv(run.columns, shown, orderedRows())], { type: 'text/csv' }))}>{t('logs.exportShown')}</Menu.Item>
                  <Menu.Item leftSection={<Icon name="download" />} onClick={() => void exportAll()}>{t('logs.exportAll')}</Menu.Item>
                  <Menu.Divider />
                  <Menu.Item leftSection={<Icon name="copy" />} onClick={() => copy(toTabs(run.columns, shown, orderedRows()))}>{t('logs.copyTable')}</Menu.Item>
                </Menu.Dropdown>
              </Menu>
            </Group>
          )}
        </div>
      )}
      {running && <div className={css.progress} />}
      {run.end?.truncated && <div className={css.strip}><Notice tone="warn">{t('logs.truncated', { count: formatCount(run.rows.length, language) as unknown as number })}</Notice></div>}
      {run.phase === 'failed' && run.rows.length > 0 && <div className={css.strip}><Notice tone="bad" title={t('logs.partial')}>{run.error?.message}</Notice></div>}
      <div className={css.body}>{body}</div>
    </section>
  );
}

function Status({ run, language }: { run: ResultsProps['run']; language: string }) {
  const { t } = useTranslation();
  const [, tick] = useState(0);
  useEffect(() => {
    if (run.phase !== 'running') return;
    const timer = window.setInterval(() => tick((n) => n + 1), 250);
    return () => window.clearInterval(timer);
  }, [run.phase]);
  const parts: string[] = [];
  if (run.phase === 'running') parts.push(`${((performance.now() - run.startedAt) / 1000).toFixed(1)} s`);
  if (run.rows.length > 0 || run.phase === 'done') parts.unshift(t('logs.rows', { count: run.rows.length, formatted: run.rows.length }).replace(String(run.rows.length), formatCount(run.rows.length, language)));
  if (run.end) {
    parts.push(formatMicroseconds(run.end.stats.total_us));
    if (run.end.stats.rows_read > 0) parts.push(t('logs.read', { rows: formatShort(run.end.stats.rows_read, language) }));
  }
  return <span className={css.status} data-testid="status" aria-live="polite">{parts.join('  ·  ')}</span>;
}

function Failure({ run, now, onGoTo }: Pick<ResultsProps, 'run' | 'now' | 'onGoTo'>) {
  const { t } = useTranslation();
  const error = run.error!;
  return (
    <div className={css.failure} data-testid="failure">
      <Notice tone="bad" title={t('logs.failed')}>
        {error.diagnostics.length === 0 && <div>{error.code === 'unreachable' ? t('signIn.unreachable') : error.message}</div>}
        {error.diagnostics.map((diagnostic, i) => {
          const at = rangeOf(now.query, diagnostic, now.line, now.column);
          const line = now.query.split('\n')[diagnostic.line - 1] ?? '';
          const first = at.startColumn - (diagnostic.line === 1 ? now.column : 1);
          const end = at.endLineNumber === at.startLineNumber ? at.endColumn - (diagnostic.line === 1 ? now.column : 1) : line.length;
          return (
            <div key={i} className={css.diagnostic}>
              <div>{diagnostic.message} <span className={css.faint}>{diagnostic.code} · {t('logs.failedAt', { line: at.startLineNumber, column: at.startColumn })}</span></div>
              <pre className={css.excerpt}>{line.slice(0, first)}<u>{line.slice(first, end) || ' '}</u>{line.slice(end)}</pre>
              <Button variant="subtle" size="compact-xs" onClick={() => onGoTo(at.startLineNumber, at.startColumn)}>{t('logs.goTo')}</Button>
            </div>
          );
        })}
      </Notice>
    </div>
  );
}

function Start({ onSample, hasTable }: Pick<ResultsProps, 'onSample' | 'hasTable'>) {
  const { t } = useTranslation();
  const samples: [string, string, string, TimeRange][] = [
    ['Syslog', t('logs.sampleSyslog'), 'Syslog\n| sort by TimeGenerated desc\n| take 100', { kind: 'last', preset: 'd1' }],
    ['Syslog', t('logs.sampleVolume'), 'Syslog\n| summarize count() by bin(TimeGenerated, 15m), Facility\n| render columnchart', { kind: 'last', preset: 'd1' }],
    ['Syslog', t('logs.sampleFailed'), 'Syslog\n| where SyslogMessage has "Failed password"\n| summarize Failures = count(), Last = max(TimeGenerated) by Computer\n| sort by Failures desc', { kind: 'last', preset: 'd7' }],
    ['SecurityAlert', t('logs.sampleAlerts'), 'SecurityAlert\n| sort by TimeGenerated desc\n| take 100', { kind: 'last', preset: 'd1' }],
  ];
  return (
    <Empty icon="search" title={t('logs.emptyTitle')}>
      <div>{t('logs.emptyText')} <kbd>Ctrl</kbd> <kbd>Enter</kbd></div>
      <div className={css.samplesLead}>{t('logs.emptyOr')}</div>
      <div className={css.samples}>
        {samples.filter(([table]) => hasTable(table)).map(([, label, query, range]) => (
          <button key={label} type="button" className={css.sample} onClick={() => onSample(query, range)}>
            <b>{label}</b>
            <code>{query.split('\n').slice(0, 3).join(' ')}</code>
          </button>
        ))}
      </div>
    </Empty>
  );
}

function ColumnsPanel({ columns, hidden, empties, setHidden }: { columns: Column[]; hidden: Set<string>; empties: Set<number>; setHidden: (next: Set<string>) => void }) {
  const { t } = useTranslation();
  const { hideEmptyColumns } = useSettings();
  const [search, setSearch] = useState('');
  const wanted = columnOrder(columns).filter((i) => columns[i]!.name.toLowerCase().includes(search.toLowerCase()));
  const toggle = (name: string) => {
    const next = new Set(hidden);
    if (!next.delete(name)) next.add(name);
    setHidden(next);
  };
  return (
    <>
      <TextInput size="xs" mb={8} placeholder={t('logs.filterFields')} leftSection={<Icon name="search" size={13} />} value={search} onChange={(e) => setSearch(e.currentTarget.value)} data-autofocus />
      <Checkbox size="xs" mb={8} label={t('logs.hideEmpty')} checked={hideEmptyColumns} onChange={(e) => changeSettings({ hideEmptyColumns: e.currentTarget.checked })} />
      <ScrollArea.Autosize mah={320} type="auto">
        {wanted.map((i) => (
          <Checkbox key={i} size="xs" py={4} label={columns[i]!.name} checked={!hidden.has(columns[i]!.name) && !(hideEmptyColumns && empties.has(i))} disabled={hideEmptyColumns && empties.has(i)} onChange={() => toggle(columns[i]!.name)} />
        ))}
      </ScrollArea.Autosize>
      <Button variant="subtle" size="compact-xs" mt={8} onClick={() => setHidden(new Set())}>{t('logs.showAll')}</Button>
    </>
  );
}

function HistoryMenu({ entries, onLoad, onClear, utc }: { entries: HistoryEntry[]; onLoad: (entry: HistoryEntry) => void; onClear: () => void; utc: boolean }) {
  const { t, i18n } = useTranslation();
  const [open, setOpen] = useState(false);
  return (
    <Popover opened={open} onChange={setOpen} position="bottom-end" width={440} shadow="md">
      <Popover.Target>
        <Button variant="subtle" color="gray" c="var(--y-text-2)" leftSection={<Icon name="history" size={15} />} onClick={() => setOpen(!open)}>{t('logs.history')}</Button>
      </Popover.Target>
      <Popover.Dropdown p={6}>
        {entries.length === 0 ? <div className={css.menuNone}>{t('logs.historyNone')}</div> : (
          <>
            <ScrollArea.Autosize mah={380} type="auto">
              {entries.map((entry) => (
                <button key={entry.at} type="button" className={css.entry} onClick={() => { setOpen(false); onLoad(entry); }}>
                  <code>{entry.text.trim().replace(/\s+/g, ' ')}</code>
                  <span>
                    {formatTime(entry.at.replace(/\.\d+Z$/, 'Z'), utc)}
                    {entry.failed ? <em> {t('logs.failed')}</em> : entry.rows !== null && ` · ${t('logs.rows', { count: entry.rows }).replace(String(entry.rows), formatCount(entry.rows, i18n.language))}`}
                  </span>
                </button>
              ))}
            </ScrollArea.Autosize>
            <Button variant="subtle" color="gray" size="compact-xs" m={6} onClick={onClear}>{t('logs.historyClear')}</Button>
          </>
        )}
      </Popover.Dropdown>
    </Popover>
  );
}

function SavedMenu({ onLoad }: { onLoad: (query: string) => void }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [open, setOpen] = useState(false);
  const [search, setSearch] = useState('');
  const saved = useQuery({ queryKey: ['saved'], queryFn: ({ signal }) => request<{ queries: SavedQuery[] }>('GET', '/api/v1/saved-queries', undefined, signal), enabled: open });
  const wanted = (saved.data?.queries ?? []).filter((query) => `${query.name} ${query.text}`.toLowerCase().includes(search.toLowerCase()));
  const remove = async (id: number) => {
    await request('DELETE', `/api/v1/saved-queries/${id}`).catch((error: Error) => notifications.show({ color: 'red', message: error.message }));
    void client.invalidateQueries({ queryKey: ['saved'] });
  };
  return (
    <Popover opened={open} onChange={setOpen} position="bottom-end" width={400} shadow="md">
      <Popover.Target>
        <Button variant="subtle" color="gray" c="var(--y-text-2)" leftSection={<Icon name="star" size={15} />} onClick={() => setOpen(!open)}>{t('logs.saved')}</Button>
      </Popover.Target>
      <Popover.Dropdown p={6}>
        <TextInput size="xs" m={4} placeholder={t('logs.savedSearch')} leftSection={<Icon name="search" size={13} />} value={search} onChange={(e) => setSearch(e.currentTarget.value)} />
        {wanted.length === 0 && !saved.isPending && <div className={css.menuNone}>{t('logs.savedNone')}</div>}
        <ScrollArea.Autosize mah={360} type="auto">
          {wanted.map((query) => (
            <div key={query.id} className={css.savedRow}>
              <button type="button" className={css.entry} onClick={() => { setOpen(false); onLoad(query.text); }}>
                <b>{query.name}</b>
                <code>{query.text.replace(/\s+/g, ' ')}</code>
                {!query.mine && <span>{t('logs.savedBy', { user: query.user })}</span>}
              </button>
              {query.mine && <ActionIcon size="sm" onClick={() => void remove(query.id)} aria-label={`${t('logs.remove')}: ${query.name}`}><Icon name="trash" size={14} /></ActionIcon>}
            </div>
          ))}
        </ScrollArea.Autosize>
      </Popover.Dropdown>
    </Popover>
  );
}

function SaveMenu({ text }: { text: () => string }) {
  const { t } = useTranslation();
  const { session } = useSession();
  const client = useQueryClient();
  const [open, setOpen] = useState(false);
  const [name, setName] = useState('');
  const [shared, setShared] = useState(false);
  const [problem, setProblem] = useState('');
  const save = async () => {
    try {
      await request('POST', '/api/v1/saved-queries', { name: name.trim(), text: text(), shared });
      notifications.show({ message: t('logs.savedDone'), color: 'green' });
      void client.invalidateQueries({ queryKey: ['saved'] });
      setOpen(false);
      setName('');
      setProblem('');
    } catch (error) {
      setProblem(error instanceof Error ? error.message : t('common.error'));
    }
  };
  return (
    <Popover opened={open} onChange={setOpen} position="bottom-end" width={280} shadow="md" trapFocus>
      <Popover.Target>
        <Button variant="subtle" color="gray" c="var(--y-text-2)" leftSection={<Icon name="save" size={15} />} onClick={() => setOpen(!open)}>{t('logs.save')}</Button>
      </Popover.Target>
      <Popover.Dropdown>
        <form onSubmit={(e) => { e.preventDefault(); void save(); }}>
          <TextInput size="xs" label={t('logs.savedName')} value={name} onChange={(e) => setName(e.currentTarget.value)} required withAsterisk={false} error={problem} data-autofocus />
          <Group justify="space-between" mt="sm">
            {session.permissions.includes('share_queries') ? <Checkbox size="xs" label={t('logs.savedShare')} checked={shared} onChange={(e) => setShared(e.currentTarget.checked)} /> : <span />}
            <Button type="submit" size="xs">{t('logs.save')}</Button>
          </Group>
        </form>
      </Popover.Dropdown>
    </Popover>
  );
}
