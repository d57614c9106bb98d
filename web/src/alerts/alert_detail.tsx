// One alert: what the rule says, what it saw, and the bytes as they were received with their proof.
import { ActionIcon, Button, Loader, Tooltip } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { request } from '../api/client';
import { formatTime } from '../ui/format';
import { Icon } from '../ui/icons';
import css from '../ui/list.module.css';
import { useSettings } from '../ui/settings';
import { Dot, Notice } from '../ui/ui';
import { bytesAsText, entitiesOf, linksOf, positionsOf, propertiesOf, type Alert } from './alert_model';

interface Evidence {
  itemId: string; position: number; source: string; peer: string; format: string; receivedAt: string; size: number; sha256: string;
  base64: string; proven: boolean; chainHolds: boolean; verdict: string;
}

export function AlertDetail({ alert, onClose, onMove }: { alert: Alert; onClose(): void; onMove(step: number): void }) {
  const { t } = useTranslation();
  const { utc } = useSettings();
  const properties = propertiesOf(alert);
  const positions = positionsOf(properties);
  const entities = entitiesOf(alert);
  const links = linksOf(alert);
  const techniques = String(alert.Techniques ?? '').replace(/[[\]"]/g, '').replaceAll(',', ', ');
  const when = (iso: string | null) => (iso ? formatTime(iso, utc) : '–');
  return (
    <aside className={css.detail} aria-label={t('alerts.detail')} data-testid="alert-detail">
      <div className={css.detailHead}>
        <h2>{alert.AlertName}</h2>
        <span style={{ marginLeft: 'auto', display: 'flex', gap: 2 }}>
          <Tooltip label={t('alerts.previous')}><ActionIcon onClick={() => onMove(-1)} aria-label={t('alerts.previous')}><Icon name="up" /></ActionIcon></Tooltip>
          <Tooltip label={t('alerts.next')}><ActionIcon onClick={() => onMove(1)} aria-label={t('alerts.next')}><Icon name="down" /></ActionIcon></Tooltip>
          <Tooltip label={t('common.close')}><ActionIcon onClick={onClose} aria-label={t('common.close')}><Icon name="close" /></ActionIcon></Tooltip>
        </span>
      </div>
      {alert.Description && <p>{alert.Description}</p>}
      <dl className={css.facts}>
        <dt>{t('alerts.severity')}</dt><dd><span className={css.severity} data-level={alert.AlertSeverity}>{t(`severity.${alert.AlertSeverity}`, alert.AlertSeverity)}</span></dd>
        <dt>{t('alerts.time')}</dt><dd>{when(alert.TimeGenerated)}</dd>
        {alert.StartTime && alert.StartTime !== alert.EndTime && <><dt>{t('alerts.span')}</dt><dd>{when(alert.StartTime)} – {when(alert.EndTime)}</dd></>}
        {alert.Tactics && <><dt>{t('alerts.tactics')}</dt><dd>{alert.Tactics}{techniques && ` (${techniques})`}</dd></>}
        {(properties.EventCount ?? 1) > 1 && <><dt>{t('alerts.events')}</dt><dd>{properties.EventCount}</dd></>}
        {properties.GroupBy && <><dt>{t('alerts.group')}</dt><dd>{Object.entries(properties.GroupBy).map(([field, value]) => `${field} = ${String(value)}`).join(', ')}</dd></>}
        <dt>{t('alerts.rule')}</dt><dd>{properties.RuleId ? <Link to={`/rules?rule=${encodeURIComponent(properties.RuleId)}`} title={t('alerts.tune')}>{properties.RuleId}</Link> : '–'}{properties.RuleAuthor && <span className={css.faint}> · {properties.RuleAuthor}</span>}</dd>
      </dl>
      {entities.length > 0 && (
        <>
          <h3>{t('alerts.entities')}</h3>
          <dl className={css.facts} style={{ marginTop: 0 }}>
            {entities.map((entity, i) => <FactPair key={i} name={entity.type} text={entity.text} />)}
          </dl>
        </>
      )}
      {(properties.FalsePositives?.length ?? 0) > 0 && <><h3>{t('alerts.falsePositives')}</h3><p>{properties.FalsePositives!.join('; ')}</p></>}
      {links.length > 0 && <><h3>{t('alerts.links')}</h3>{links.map((link) => <p key={link}><a href={link} target="_blank" rel="noreferrer noopener">{link}</a></p>)}</>}
      <h3>{t('alerts.evidence')}</h3>
      {positions.length === 0 ? <p>{t('alerts.noEvidence')}</p> : <RawEvidence key={positions.join()} positions={positions} />}
      {properties.Record !== undefined && <><h3>{t('alerts.record')}</h3><pre className={css.raw} tabIndex={0}>{JSON.stringify(properties.Record, null, 2)}</pre></>}
    </aside>
  );
}

function FactPair({ name, text }: { name: string; text: string }) {
  return <><dt>{name}</dt><dd>{text}</dd></>;
}

function RawEvidence({ positions }: { positions: number[] }) {
  const { t } = useTranslation();
  const { utc } = useSettings();
  const [place, setPlace] = useState(positions.length - 1);
  const position = positions[place]!;
  const found = useQuery({ queryKey: ['evidence', position], queryFn: ({ signal }) => request<Evidence>('GET', `/api/v1/evidence/${position}`, undefined, signal), staleTime: 5_000 });
  return (
    <>
      {positions.length > 1 && (
        <div className={css.proof}>
          <Button size="compact-xs" variant="default" disabled={place === 0} onClick={() => setPlace(place - 1)}>{t('alerts.previous')}</Button>
          {place + 1} / {positions.length}
          <Button size="compact-xs" variant="default" disabled={place + 1 === positions.length} onClick={() => setPlace(place + 1)}>{t('alerts.next')}</Button>
        </div>
      )}
      {found.isPending && <Loader size="xs" />}
      {found.error && <Notice tone="bad">{found.error.message}</Notice>}
      {found.data && (
        <>
          <pre className={css.raw} tabIndex={0} data-testid="raw-evidence">{bytesAsText(found.data.base64)}</pre>
          <div className={css.proof} data-testid="proof">
            <span style={{ marginTop: 5 }}><Dot tone={found.data.proven ? 'good' : found.data.chainHolds ? 'idle' : 'bad'} /></span>
            <span><b>{t(found.data.proven ? 'alerts.proven' : found.data.chainHolds ? 'alerts.notYet' : 'alerts.notProven')}</b><br />{found.data.verdict}</span>
          </div>
          <dl className={css.facts}>
            <dt>{t('alerts.received')}</dt><dd>{formatTime(found.data.receivedAt, utc)}</dd>
            <dt>{t('alerts.source')}</dt><dd>{found.data.source}{found.data.peer && ` · ${found.data.peer}`}</dd>
            <dt>SHA-256</dt><dd style={{ fontFamily: 'var(--y-mono)', fontSize: 11.5 }}>{found.data.sha256}</dd>
          </dl>
        </>
      )}
    </>
  );
}
