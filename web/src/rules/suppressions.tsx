// Alerts that are not wanted for a while: those there are, and a new one.
import { Button, Select, Textarea, TextInput } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { request } from '../api/client';
import { formatTime } from '../ui/format';
import css from '../ui/list.module.css';
import { useSettings } from '../ui/settings';
import { Notice } from '../ui/ui';
import { kDurations, parseConditions, printConditions, type Suppression } from './rule_model';

export function SuppressionList({ list, mayEdit, titleOf }: { list: Suppression[]; mayEdit: boolean; titleOf?: (id: string) => string }) {
  const { t } = useTranslation();
  const { utc } = useSettings();
  const client = useQueryClient();
  const [problem, setProblem] = useState('');
  const [ending, setEnding] = useState<number | null>(null);
  const end = async (one: Suppression) => {
    setEnding(one.id);
    setProblem('');
    try {
      await request('DELETE', `/api/v1/rule-suppressions/${one.id}`);
      await client.invalidateQueries({ queryKey: ['suppressions'] });
    } catch (error) {
      setProblem(error instanceof Error ? error.message : t('common.error'));
    }
    setEnding(null);
  };
  return (
    <>
      {problem && <Notice tone="bad">{problem}</Notice>}
      <ul className={css.cards} data-testid="suppressions">
        {list.map((one) => (
          <li key={one.id} className={one.active ? undefined : css.off}>
            <div className={css.cardText}>
              {titleOf && <div className={css.strong}>{one.rule_id === '*' ? t('rules.everyRule') : titleOf(one.rule_id)}</div>}
              <div>{one.reason}</div>
              {Object.keys(one.conditions).length > 0 && <pre className={css.inline}>{printConditions(one.conditions)}</pre>}
              <div className={css.faint}>
                {one.ended ? t('rules.endedBy', { time: formatTime(one.ended, utc), user: one.ended_by }) : t(one.active ? 'rules.until' : 'rules.over', { time: formatTime(one.expires, utc) })}
                {' · '}{t('rules.madeBy', { time: formatTime(one.created, utc), user: one.created_by })}
              </div>
            </div>
            {one.active && mayEdit && <Button size="compact-xs" variant="default" loading={ending === one.id} onClick={() => void end(one)} aria-label={`${t('rules.end')}: ${one.reason}`}>{t('rules.end')}</Button>}
          </li>
        ))}
      </ul>
    </>
  );
}

export function NewSuppression({ ruleId, onDone }: { ruleId: string; onDone(): void }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [reason, setReason] = useState('');
  const [conditions, setConditions] = useState('');
  const [duration, setDuration] = useState<string>('8h');
  const [problem, setProblem] = useState('');
  const [busy, setBusy] = useState(false);
  const parsed = parseConditions(conditions);
  const badLine = parsed.badLine === null ? undefined : t('rules.badLine', { line: parsed.badLine });
  const submit = async () => {
    setBusy(true);
    setProblem('');
    try {
      await request('POST', '/api/v1/rule-suppressions', { rule_id: ruleId, reason: reason.trim(), duration, conditions: parsed.conditions });
      await client.invalidateQueries({ queryKey: ['suppressions'] });
      onDone();
    } catch (error) {
      setProblem(error instanceof Error ? error.message : t('common.error'));
    }
    setBusy(false);
  };
  return (
    <form className={css.form} data-testid="new-suppression" onSubmit={(event) => { event.preventDefault(); void submit(); }}>
      <TextInput size="xs" required data-autofocus autoFocus label={t('rules.reason')} placeholder={t('rules.reasonHint')} value={reason} onChange={(e) => setReason(e.currentTarget.value)} />
      <Select size="xs" allowDeselect={false} label={t('rules.howLong')} value={duration} onChange={(value) => value && setDuration(value)} data={kDurations.map((value) => ({ value, label: t(`rules.for.${value}`) }))} />
      <Textarea size="xs" autosize minRows={2} maxRows={8} label={t('rules.where')} description={t('rules.whereHint')} placeholder={'User = svc_*\nHostName = web01'} value={conditions} onChange={(e) => setConditions(e.currentTarget.value)} error={badLine} />
      {problem && <Notice tone="bad">{problem}</Notice>}
      <div className={css.buttons}>
        <Button size="xs" type="submit" loading={busy} disabled={reason.trim() === '' || badLine !== undefined}>{t('rules.suppress')}</Button>
        <Button size="xs" variant="default" onClick={onDone}>{t('common.cancel')}</Button>
      </div>
    </form>
  );
}
