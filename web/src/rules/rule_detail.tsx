// One rule: what it did, what it costs, what an operator has said about it, and for how long it keeps quiet.
import { ActionIcon, Button, NumberInput, Select, Textarea, TextInput, Tooltip } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { request } from '../api/client';
import { formatCount, formatTime } from '../ui/format';
import { Icon } from '../ui/icons';
import css from '../ui/list.module.css';
import { useSettings } from '../ui/settings';
import { Notice } from '../ui/ui';
import { bodyOf, evaluatedShare, formOf, kPeriods, kSeverities, type Rule, type Suppression } from './rule_model';
import { NewSuppression, SuppressionList } from './suppressions';

export function RuleDetail({ rule, suppressions, mayEdit, onClose, onMove }: { rule: Rule; suppressions: Suppression[]; mayEdit: boolean; onClose(): void; onMove(step: number): void }) {
  const { t, i18n } = useTranslation();
  const { utc } = useSettings();
  const [adding, setAdding] = useState(false);
  const count = (value: number | undefined) => formatCount(value ?? 0, i18n.language);
  return (
    <aside className={css.detail} aria-label={t('rules.detail')} data-testid="rule-detail">
      <div className={css.detailHead}>
        <h2>{rule.title}</h2>
        <span style={{ marginLeft: 'auto', display: 'flex', gap: 2 }}>
          <Tooltip label={t('alerts.previous')}><ActionIcon onClick={() => onMove(-1)} aria-label={t('alerts.previous')}><Icon name="up" /></ActionIcon></Tooltip>
          <Tooltip label={t('alerts.next')}><ActionIcon onClick={() => onMove(1)} aria-label={t('alerts.next')}><Icon name="down" /></ActionIcon></Tooltip>
          <Tooltip label={t('common.close')}><ActionIcon onClick={onClose} aria-label={t('common.close')}><Icon name="close" /></ActionIcon></Tooltip>
        </span>
      </div>
      {rule.error && <p className={css.bad}>{rule.error}</p>}
      <dl className={css.facts}>
        <dt>{t('alerts.severity')}</dt><dd><span className={css.severity} data-level={rule.severity}>{t(`severity.${rule.severity}`, rule.severity || '–')}</span></dd>
        <dt>ID</dt><dd className={css.mono}>{rule.id}</dd>
        <dt>{t('rules.file')}</dt><dd>{rule.file}</dd>
        <dt>{t('rules.matches')}</dt><dd>{count(rule.matches)}{rule.last_match && ` · ${formatTime(rule.last_match, utc)}`}</dd>
        <dt>{t('rules.alerts')}</dt><dd>{count(rule.alerts)} · {t('rules.quiet', { suppressed: count(rule.suppressed), throttled: count(rule.throttled) })}</dd>
        <dt>{t('rules.cost')}</dt><dd>{t('rules.costText', { considered: count(rule.considered), share: evaluatedShare(rule, i18n.language), each: count(rule.nanoseconds) })}</dd>
      </dl>
      <h3>{t('rules.suppressions')}</h3>
      {suppressions.length === 0 && !adding && <p>{t('rules.noSuppression')}</p>}
      <SuppressionList list={suppressions} mayEdit={mayEdit} />
      {mayEdit && (adding ? <NewSuppression ruleId={rule.id} onDone={() => setAdding(false)} /> : <Button size="xs" variant="default" mt={8} onClick={() => setAdding(true)} data-testid="suppress">{t('rules.suppressThis')}</Button>)}
      <h3>{t('rules.tuning')}</h3>
      {rule.tuning && <p className={css.faint}>{t('rules.changedBy', { time: formatTime(rule.tuning.changed, utc), user: rule.tuning.changed_by })}</p>}
      <TuningFormView key={`${rule.id} ${rule.tuning?.changed ?? ''}`} rule={rule} mayEdit={mayEdit} />
    </aside>
  );
}

function TuningFormView({ rule, mayEdit }: { rule: Rule; mayEdit: boolean }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [form, setForm] = useState(() => formOf(rule));
  const [problem, setProblem] = useState('');
  const [saved, setSaved] = useState(false);
  const [busy, setBusy] = useState(false);
  const set = (change: Partial<typeof form>) => { setForm({ ...form, ...change }); setSaved(false); };
  const changed = JSON.stringify(form) !== JSON.stringify(formOf(rule));
  const submit = async () => {
    setBusy(true);
    setProblem('');
    try {
      await request('PATCH', `/api/v1/rules/${encodeURIComponent(rule.id)}`, bodyOf(form));
      await client.invalidateQueries({ queryKey: ['rules'] });
      setSaved(true);
    } catch (error) {
      setProblem(error instanceof Error ? error.message : t('common.error'));
    }
    setBusy(false);
  };
  const period = kPeriods.map((seconds) => ({ value: String(seconds), label: t(`rules.period.${seconds}`) }));
  if (!period.some((one) => one.value === form.seconds) && form.seconds !== '0') period.push({ value: form.seconds, label: t('rules.seconds', { count: Number(form.seconds) }) });
  const throttled = form.seconds !== '0';
  return (
    <form className={css.form} data-testid="tuning" onSubmit={(event) => { event.preventDefault(); void submit(); }}>
      <Select size="xs" disabled={!mayEdit} allowDeselect={false} label={t('alerts.severity')} value={form.severity} onChange={(value) => set({ severity: value ?? '' })} data={[{ value: '', label: t('rules.asRule') }, ...kSeverities.map((value) => ({ value, label: t(`severity.${value}`) }))]} />
      <TextInput size="xs" disabled={!mayEdit} label={t('rules.newTitle')} placeholder={rule.title} value={form.title} onChange={(e) => set({ title: e.currentTarget.value })} />
      <Select size="xs" disabled={!mayEdit} allowDeselect={false} label={t('rules.throttle')} description={t('rules.throttleHint')} value={form.seconds} onChange={(value) => set({ seconds: value ?? '0' })} data={[{ value: '0', label: t('rules.throttleNone') }, ...period]} />
      {throttled && (
        <div className={css.pair}>
          <NumberInput size="xs" disabled={!mayEdit} label={t('rules.most')} min={1} max={1_000_000} allowDecimal={false} value={form.most} onChange={(value) => set({ most: Number(value) || 1 })} />
          <TextInput size="xs" disabled={!mayEdit} label={t('rules.by')} placeholder="HostName, User" value={form.by} onChange={(e) => set({ by: e.currentTarget.value })} />
        </div>
      )}
      <Textarea size="xs" disabled={!mayEdit} autosize minRows={2} maxRows={10} label={t('rules.exclude')} description={t('rules.excludeHint')} placeholder={'User: backup\nCommandLine|contains: \\monitoring\\'} styles={{ input: { fontFamily: 'var(--y-mono)' } }} value={form.exclude} onChange={(e) => set({ exclude: e.currentTarget.value })} />
      <TextInput size="xs" disabled={!mayEdit} label={t('rules.note')} value={form.note} onChange={(e) => set({ note: e.currentTarget.value })} />
      {problem && <Notice tone="bad" title={t('common.error')}>{problem}</Notice>}
      {saved && !changed && <Notice tone="info">{t('rules.saved')}</Notice>}
      {mayEdit && (
        <div className={css.buttons}>
          <Button size="xs" type="submit" loading={busy} disabled={!changed}>{t('rules.save')}</Button>
          <Button size="xs" variant="default" disabled={!changed} onClick={() => setForm(formOf(rule))}>{t('rules.takeBack')}</Button>
        </div>
      )}
    </form>
  );
}
