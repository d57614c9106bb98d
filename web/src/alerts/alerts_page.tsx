import { Loader, SegmentedControl, Select, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useMemo, useRef, useState, type KeyboardEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { request } from '../api/client';
import { formatCount, formatTime } from '../ui/format';
import { Icon } from '../ui/icons';
import css from '../ui/list.module.css';
import { useSettings } from '../ui/settings';
import { Empty, Notice } from '../ui/ui';
import { AlertDetail } from './alert_detail';
import { kSeverities, matchesWords, type Alert } from './alert_model';

const kSpans = { PT1H: 'h1', PT12H: 'h12', P1D: 'd1', P7D: 'd7', P30D: 'd30' } as const;

export default function AlertsPage() {
  const { t, i18n } = useTranslation();
  const { utc } = useSettings();
  const [span, setSpan] = useState<keyof typeof kSpans>('P1D');
  const [severity, setSeverity] = useState('all');
  const [words, setWords] = useState('');
  const [open, setOpen] = useState<string | null>(null);
  const list = useRef<HTMLDivElement>(null);
  const alerts = useQuery({
    queryKey: ['alerts', span],
    queryFn: ({ signal }) => request<{ alerts: Alert[]; truncated: boolean }>('GET', `/api/v1/alerts?limit=1000&timespan=${span}`, undefined, signal),
    refetchInterval: 15_000,
  });
  const shown = useMemo(
    () => (alerts.data?.alerts ?? []).filter((alert) => (severity === 'all' || alert.AlertSeverity === severity) && matchesWords(alert, words)),
    [alerts.data, severity, words],
  );
  const place = shown.findIndex((alert) => alert.SystemAlertId === open);
  const goTo = (index: number) => {
    if (shown.length === 0) return;
    const next = Math.min(shown.length - 1, Math.max(0, index));
    setOpen(shown[next]!.SystemAlertId);
    list.current?.querySelectorAll('tbody tr')[next]?.scrollIntoView({ block: 'nearest' });
  };
  const onKey = (event: KeyboardEvent) => {
    if (event.key === 'Escape') setOpen(null);
    else if (event.key === 'ArrowDown' || event.key === 'j') goTo(place + 1);
    else if (event.key === 'ArrowUp' || event.key === 'k') goTo(place < 0 ? shown.length - 1 : place - 1);
    else if (event.key === 'Home') goTo(0);
    else if (event.key === 'End') goTo(shown.length - 1);
    else return;
    event.preventDefault();
  };
  return (
    <div className={css.page}>
      <header className={css.head}>
        <h1>{t('app.alerts')}</h1>
        {alerts.data && <span className={css.count} data-testid="alert-count">{t('alerts.count', { count: shown.length, shown: formatCount(shown.length, i18n.language) })}</span>}
        <div className={css.tools}>
          <TextInput size="xs" value={words} onChange={(e) => setWords(e.currentTarget.value)} placeholder={t('alerts.find')} aria-label={t('alerts.find')} leftSection={<Icon name="search" size={13} />} />
          <SegmentedControl size="xs" value={severity} onChange={setSeverity} aria-label={t('alerts.severity')} data={[{ value: 'all', label: t('alerts.all') }, ...kSeverities.map((one) => ({ value: one, label: t(`severity.${one}`) }))]} />
          <Select size="xs" w={130} allowDeselect={false} value={span} onChange={(value) => value && setSpan(value as keyof typeof kSpans)} aria-label={t('time.label')} data={Object.entries(kSpans).map(([value, key]) => ({ value, label: t('time.last', { span: t(`time.${key}`) }) }))} />
        </div>
      </header>
      {(alerts.error || alerts.data?.truncated) && (
        <div className={css.notices}>
          {alerts.error && <Notice tone="bad" title={t('common.error')}>{alerts.error.message}</Notice>}
          {alerts.data?.truncated && <Notice tone="info">{t('alerts.truncated')}</Notice>}
        </div>
      )}
      <div className={css.body}>
        <div className={css.list} ref={list} tabIndex={0} onKeyDown={onKey} role="region" aria-label={t('app.alerts')} data-testid="alert-list">
          {alerts.isPending && <div style={{ padding: 28 }}><Loader size="sm" /></div>}
          {alerts.data && shown.length === 0 && <Empty icon="bell" title={t('alerts.none')}>{t('alerts.noneText')}</Empty>}
          {shown.length > 0 && (
            <table className={css.table}>
              <thead><tr><th>{t('alerts.severity')}</th><th>{t('alerts.time')}</th><th>{t('alerts.name')}</th><th>{t('alerts.entity')}</th><th>{t('alerts.tactics')}</th></tr></thead>
              <tbody>
                {shown.map((alert) => (
                  <tr key={alert.SystemAlertId} className={css.click} data-open={alert.SystemAlertId === open || undefined} aria-selected={alert.SystemAlertId === open} onClick={() => setOpen(alert.SystemAlertId === open ? null : alert.SystemAlertId)}>
                    <td><span className={css.severity} data-level={alert.AlertSeverity}>{t(`severity.${alert.AlertSeverity}`, alert.AlertSeverity)}</span></td>
                    <td className={css.time}>{formatTime(alert.TimeGenerated, utc)}</td>
                    <td className={css.strong}>{alert.AlertName}</td>
                    <td>{alert.CompromisedEntity || '–'}</td>
                    <td className={css.faint}>{alert.Tactics}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          )}
        </div>
        {place >= 0 && <AlertDetail alert={shown[place]!} onClose={() => { setOpen(null); list.current?.focus(); }} onMove={(step) => goTo(place + step)} />}
      </div>
    </div>
  );
}
