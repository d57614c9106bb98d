import { Loader } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { request } from '../api/client';
import type { Health, Source } from '../api/types';
import { formatBytes, formatCount, formatSpan, formatTime } from '../ui/format';
import { useSettings } from '../ui/settings';
import { Dot, Empty, Notice } from '../ui/ui';
import { RateTracker } from './rates';
import css from './health.module.css';

const kPoll = 3000;

export default function HealthPage() {
  const { t, i18n } = useTranslation();
  const { utc } = useSettings();
  const health = useQuery({ queryKey: ['health'], queryFn: ({ signal }) => request<Health>('GET', '/api/v1/health', undefined, signal), refetchInterval: kPoll });
  const sources = useQuery({
    queryKey: ['sources'],
    queryFn: async ({ signal }) => ({ ...(await request<{ sources: Source[] }>('GET', '/api/v1/sources', undefined, signal)), at: Date.now() }),
    refetchInterval: kPoll,
  });
  const tracker = useRef(new RateTracker());
  const [, redraw] = useState(0);
  useEffect(() => {
    if (!sources.data) return;
    for (const source of sources.data.sources) tracker.current.add(source.name, source.received, sources.data.at);
    redraw((n) => n + 1);
  }, [sources.data]);

  const count = (value: number) => formatCount(value, i18n.language);
  const ago = (iso: string | null) => {
    if (!iso) return t('health.never');
    const seconds = (Date.parse(health.data?.now.replace(/(\.\d{3})\d+Z$/, '$1Z') ?? new Date().toISOString()) - Date.parse(iso.replace(/(\.\d{3})\d+Z$/, '$1Z'))) / 1000;
    return seconds < 2 ? t('health.now') : t('health.ago', { span: formatSpan(seconds) });
  };
  const failure = health.error ?? sources.error;
  return (
    <div className={css.page}>
      <header className={css.head}>
        <h1>{t('health.title')}</h1>
        {health.data && (
          <span className={css.overall} data-tone={health.data.status === 'ok' ? 'good' : 'warn'}>
            <Dot tone={health.data.status === 'ok' ? 'good' : 'warn'} /> {health.data.status === 'ok' ? t('health.ok') : t('health.degraded')}
          </span>
        )}
        <span className={css.version}>{health.data && t('health.version', { version: health.data.version })}</span>
      </header>
      {failure && <Notice tone="bad" title={t('common.error')}>{failure.message}</Notice>}
      {health.isPending && !failure && <Loader size="sm" />}
      <div className={css.parts}>
        {health.data?.parts.map((part) => (
          <div key={part.name} className={css.part} data-bad={!part.healthy || undefined}>
            <div className={css.partName}><Dot tone={part.healthy ? 'good' : 'bad'} /> {part.name}</div>
            <div className={css.partDetail}>{part.detail || '–'}</div>
          </div>
        ))}
      </div>
      <h2>{t('health.sources')}</h2>
      {sources.data && sources.data.sources.length === 0 ? (
        <Empty icon="tail" title={t('health.noneTitle')}>{t('health.noneText')}</Empty>
      ) : (
        <div className={css.tableWrap}>
          <table className={css.table}>
            <thead>
              <tr>
                <th>{t('health.name')}</th><th>{t('health.address')}</th><th>{t('health.state')}</th><th className={css.num}>{t('health.rate')}</th><th aria-hidden="true" />
                <th className={css.num}>{t('health.received')}</th><th className={css.num}>{t('health.bytes')}</th><th className={css.num}>{t('health.dropped')}</th><th>{t('health.last')}</th>
              </tr>
            </thead>
            <tbody>
              {sources.data?.sources.map((source) => {
                const rates = tracker.current.rates(source.name);
                const rate = rates.at(-1);
                const bad = /fail|error|down/i.test(source.state);
                return (
                  <tr key={source.name}>
                    <td><b>{source.name}</b><div className={css.kind}>{source.kind}</div></td>
                    <td className={css.mono}>{source.address}</td>
                    <td><span className={css.source}><Dot tone={bad ? 'bad' : 'good'} /> {source.state}</span>{source.detail && <div className={css.detail}>{source.detail}</div>}</td>
                    <td className={css.num}>{rate === undefined ? '–' : count(Math.round(rate * 10) / 10)}</td>
                    <td><Sparkline values={rates} /></td>
                    <td className={css.num}>{count(source.received)}</td>
                    <td className={css.num}>{formatBytes(source.received_bytes)}</td>
                    <td className={css.num} data-warn={source.dropped > 0 || undefined}>{count(source.dropped)}</td>
                    <td title={source.last ? formatTime(source.last, utc) : undefined}>{ago(source.last)}</td>
                  </tr>
                );
              })}
            </tbody>
          </table>
        </div>
      )}
    </div>
  );
}

function Sparkline({ values }: { values: number[] }) {
  const width = 96;
  const height = 22;
  if (values.length < 2) return <svg width={width} height={height} aria-hidden="true" />;
  const most = Math.max(...values, 1e-9);
  const step = width / Math.max(values.length - 1, 1);
  const points = values.map((value, i) => `${(i * step).toFixed(1)},${(height - 2 - (value / most) * (height - 4)).toFixed(1)}`);
  return (
    <svg width={width} height={height} className={css.spark} aria-hidden="true">
      <polygon points={`0,${height} ${points.join(' ')} ${width},${height}`} />
      <polyline points={points.join(' ')} />
    </svg>
  );
}
