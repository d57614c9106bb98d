// Detection rules: what is loaded, what runs, what does not and why.
import { Loader, SegmentedControl, Switch, TextInput } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useVirtualizer } from '@tanstack/react-virtual';
import { useMemo, useRef, useState, type KeyboardEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { useSearchParams } from 'react-router';
import { request } from '../api/client';
import { useSession } from '../session/session';
import { formatCount } from '../ui/format';
import { Icon } from '../ui/icons';
import css from '../ui/list.module.css';
import { Empty, Notice } from '../ui/ui';
import { RuleDetail } from './rule_detail';
import { isTuned, type Rule, type Suppression } from './rule_model';
import { SuppressionList } from './suppressions';

type Filter = 'all' | 'on' | 'off' | 'error' | 'matched' | 'tuned' | 'suppressed';

export default function RulesPage() {
  const { t, i18n } = useTranslation();
  const { session } = useSession();
  const client = useQueryClient();
  const [words, setWords] = useState('');
  const [filter, setFilter] = useState<Filter>('all');
  const [problem, setProblem] = useState('');
  const [busy, setBusy] = useState<string | null>(null);
  // The open rule stands in the address, so that an alert can point at it.
  const [place, setPlace] = useSearchParams();
  const open = place.get('rule');
  const setOpen = (id: string | null) => setPlace(id === null ? {} : { rule: id }, { replace: true });
  const list = useRef<HTMLDivElement>(null);
  const rules = useQuery({ queryKey: ['rules'], queryFn: ({ signal }) => request<{ rules: Rule[] }>('GET', '/api/v1/rules', undefined, signal), refetchInterval: 30_000 });
  const suppressions = useQuery({ queryKey: ['suppressions'], queryFn: ({ signal }) => request<{ suppressions: Suppression[] }>('GET', '/api/v1/rule-suppressions?all=true', undefined, signal), refetchInterval: 30_000 });
  const quiet = useMemo(() => suppressions.data?.suppressions ?? [], [suppressions.data]);
  const silenced = useMemo(() => new Set(quiet.filter((one) => one.active).map((one) => one.rule_id)), [quiet]);
  const mayEdit = session.permissions.includes('edit_rules');
  const all = rules.data?.rules ?? [];
  const errors = all.filter((rule) => rule.error !== '').length;
  const shown = useMemo(() => {
    const wanted = words.trim().toLowerCase().split(/\s+/).filter(Boolean);
    return (rules.data?.rules ?? []).filter((rule) => {
      if (filter === 'on' && (!rule.enabled || rule.error !== '')) return false;
      if (filter === 'off' && rule.enabled) return false;
      if (filter === 'error' && rule.error === '') return false;
      if (filter === 'matched' && rule.matches === 0) return false;
      if (filter === 'tuned' && !isTuned(rule)) return false;
      const text = `${rule.title} ${rule.id} ${rule.file} ${rule.tags.join(' ')}`.toLowerCase();
      return wanted.every((word) => text.includes(word));
    });
  }, [rules.data, words, filter]);
  const at = shown.findIndex((rule) => rule.id === open);
  // One that the filters hide stays open.
  const opened = (rules.data?.rules ?? []).find((rule) => rule.id === open);
  // Thousands of rules: only what is seen is in the document.
  const rows = useVirtualizer({ count: shown.length, getScrollElement: () => list.current, estimateSize: () => 62, overscan: 12, getItemKey: (i) => `${shown[i]!.id} ${shown[i]!.file} ${i}` });
  const items = rows.getVirtualItems();
  const goTo = (index: number) => {
    if (shown.length === 0) return;
    const next = Math.min(shown.length - 1, Math.max(0, index));
    setOpen(shown[next]!.id);
    rows.scrollToIndex(next, { align: 'auto' });
  };
  const onKey = (event: KeyboardEvent) => {
    if (event.target !== list.current) return;
    if (event.key === 'Escape') setOpen(null);
    else if (event.key === 'ArrowDown' || event.key === 'j') goTo(at + 1);
    else if (event.key === 'ArrowUp' || event.key === 'k') goTo(at < 0 ? shown.length - 1 : at - 1);
    else if (event.key === 'Home') goTo(0);
    else if (event.key === 'End') goTo(shown.length - 1);
    else return;
    event.preventDefault();
  };
  const toggle = async (rule: Rule) => {
    setBusy(rule.id);
    setProblem('');
    try {
      await request('PATCH', `/api/v1/rules/${encodeURIComponent(rule.id)}`, { enabled: !rule.enabled });
      await client.invalidateQueries({ queryKey: ['rules'] });
    } catch (error) {
      setProblem(error instanceof Error ? error.message : t('common.error'));
    }
    setBusy(null);
  };
  const titleOf = (id: string) => all.find((rule) => rule.id === id)?.title ?? id;
  const failure = problem || rules.error?.message || suppressions.error?.message;
  return (
    <div className={css.page}>
      <header className={css.head}>
        <h1>{t('app.rules')}</h1>
        {rules.data && <span className={css.count} data-testid="rule-count">{t('rules.count', { shown: formatCount(shown.length, i18n.language), count: all.length })}{errors > 0 && ` · ${t('rules.errors', { count: errors })}`}</span>}
        <div className={css.tools}>
          <TextInput size="xs" value={words} onChange={(e) => setWords(e.currentTarget.value)} placeholder={t('rules.find')} aria-label={t('rules.find')} leftSection={<Icon name="search" size={13} />} />
          <SegmentedControl size="xs" value={filter} onChange={(value) => setFilter(value as Filter)} aria-label={t('rules.show')} data={(['all', 'on', 'off', 'error', 'matched', 'tuned', 'suppressed'] as const).map((value) => ({ value, label: value === 'suppressed' && silenced.size > 0 ? `${t('rules.suppressed')} (${quiet.filter((one) => one.active).length})` : t(`rules.${value}`) }))} />
        </div>
      </header>
      {failure && <div className={css.notices}><Notice tone="bad" title={t('common.error')}>{failure}</Notice></div>}
      <div className={css.body}>
        <div className={css.list} ref={list} tabIndex={0} onKeyDown={onKey} role="region" aria-label={t('app.rules')} data-testid="rule-list">
          {filter === 'suppressed' && (quiet.length === 0 ? <Empty icon="bell" title={t('rules.noSuppression')}>{t('rules.noSuppressionText')}</Empty> : <div className={css.inset}><SuppressionList list={quiet} mayEdit={mayEdit} titleOf={titleOf} /></div>)}
          {rules.isPending && <div style={{ padding: 28 }}><Loader size="sm" /></div>}
          {rules.data && filter !== 'suppressed' && shown.length === 0 && <Empty icon="shield" title={t('rules.none')}>{t('rules.noneText')}</Empty>}
          {filter !== 'suppressed' && shown.length > 0 && (
            <table className={css.table}>
              <thead><tr><th>{t('alerts.severity')}</th><th>{t('rules.title')}</th><th>{t('rules.kind')}</th><th className={css.num}>{t('rules.matches')}</th><th>{t('rules.state')}</th></tr></thead>
              <tbody>
                {items.length > 0 && items[0]!.start > 0 && <tr style={{ height: items[0]!.start }} aria-hidden="true" />}
                {items.map((item) => {
                  const rule = shown[item.index]!;
                  return (
                    <tr key={item.key} ref={rows.measureElement} data-index={item.index} className={`${css.click} ${rule.enabled ? '' : css.off}`} data-open={rule.id === open || undefined} aria-selected={rule.id === open} onClick={() => setOpen(rule.id === open ? null : rule.id)}>
                      <td><span className={css.severity} data-level={rule.severity}>{t(`severity.${rule.severity}`, rule.severity || '–')}</span></td>
                      <td>
                        <div className={css.strong}>{rule.title}</div>
                        <div className={css.faint}>{rule.file}</div>
                        {rule.error && <div className={css.bad}>{rule.error}</div>}
                        {(isTuned(rule) || silenced.has(rule.id)) && <div className={css.tags}>{silenced.has(rule.id) && <span className={css.tag} data-tone="warn">{t('rules.suppressed')}</span>}{isTuned(rule) && <span className={css.tag} data-tone="idle">{t('rules.tuned')}</span>}</div>}
                        {rule.tags.length > 0 && <div className={css.tags}>{rule.tags.slice(0, 6).map((tag) => <span key={tag} className={css.tag}>{tag}</span>)}</div>}
                      </td>
                      <td className={`${css.faint} ${css.nowrap}`}>{rule.kind}</td>
                      <td className={css.num}>{formatCount(rule.matches, i18n.language)}</td>
                      <td onClick={(event) => event.stopPropagation()}><Switch size="sm" checked={rule.enabled} disabled={!mayEdit || busy === rule.id} onChange={() => void toggle(rule)} label={t(rule.error ? 'rules.broken' : rule.enabled ? 'rules.on' : 'rules.off')} aria-label={`${t('rules.switch')}: ${rule.title}`} /></td>
                    </tr>
                  );
                })}
                {items.length > 0 && <tr style={{ height: rows.getTotalSize() - items.at(-1)!.end }} aria-hidden="true" />}
              </tbody>
            </table>
          )}
        </div>
        {opened && <RuleDetail key={opened.id} rule={opened} suppressions={quiet.filter((one) => one.rule_id === opened.id || (one.rule_id === '*' && one.active))} mayEdit={mayEdit} onClose={() => { setOpen(null); list.current?.focus(); }} onMove={(step) => goTo(at + step)} />}
      </div>
    </div>
  );
}
