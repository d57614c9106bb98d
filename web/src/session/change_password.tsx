import { Button, PasswordInput } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useState, type FormEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { ApiError, request } from '../api/client';
import { Notice } from '../ui/ui';
import css from './sign_in.module.css';

export function PasswordForm({ onDone }: { onDone: () => void }) {
  const { t } = useTranslation();
  const [old, setOld] = useState('');
  const [fresh, setFresh] = useState('');
  const [again, setAgain] = useState('');
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState('');

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (fresh !== again) return setProblem(t('signIn.differ'));
    setBusy(true);
    setProblem('');
    try {
      await request('POST', '/api/v1/me/password', { old_password: old, new_password: fresh });
      notifications.show({ message: t('signIn.changed'), color: 'green' });
      setOld('');
      setFresh('');
      setAgain('');
      onDone();
    } catch (error) {
      setProblem(error instanceof ApiError ? error.message : t('common.error'));
    }
    setBusy(false);
  };
  return (
    <form onSubmit={submit} className={css.form}>
      {problem && <Notice tone="bad">{problem}</Notice>}
      <PasswordInput label={t('signIn.old')} value={old} onChange={(e) => setOld(e.currentTarget.value)} autoComplete="current-password" required withAsterisk={false} />
      <PasswordInput label={t('signIn.fresh')} description={t('signIn.rules')} value={fresh} onChange={(e) => setFresh(e.currentTarget.value)} autoComplete="new-password" required withAsterisk={false} />
      <PasswordInput label={t('signIn.repeat')} value={again} onChange={(e) => setAgain(e.currentTarget.value)} autoComplete="new-password" required withAsterisk={false} />
      <div><Button type="submit" size="sm" loading={busy}>{t('signIn.change')}</Button></div>
    </form>
  );
}

export function ChangePassword({ onDone }: { forced: boolean; onDone: () => void }) {
  const { t } = useTranslation();
  return (
    <div className={css.page}>
      <main className={css.card}>
        <h1 className={css.title}>{t('signIn.changeTitle')}</h1>
        <div className={css.lead}>{t('signIn.changeLead')}</div>
        <PasswordForm onDone={onDone} />
      </main>
    </div>
  );
}
