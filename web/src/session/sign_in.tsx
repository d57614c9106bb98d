import { Button, PasswordInput, TextInput } from '@mantine/core';
import { useState, type FormEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { ApiError, request } from '../api/client';
import type { Session } from '../api/types';
import { Logo } from '../ui/icons';
import { Notice } from '../ui/ui';
import { Preferences } from '../shell/preferences';
import css from './sign_in.module.css';

export function SignIn({ over, onSession }: { over: boolean; onSession: (session: Session) => void }) {
  const { t } = useTranslation();
  const [name, setName] = useState('');
  const [password, setPassword] = useState('');
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState('');

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setProblem('');
    try {
      onSession(await request<Session>('POST', '/api/v1/session', { name, password }));
    } catch (error) {
      const known = error instanceof ApiError ? error : null;
      setProblem(known?.status === 401 ? t('signIn.wrong') : known?.code === 'unreachable' ? t('signIn.unreachable') : (known?.message ?? t('common.error')));
      setPassword('');
      setBusy(false);
    }
  };

  return (
    <div className={css.page}>
      <div className={css.corner}><Preferences /></div>
      <Tower />
      <main className={css.card}>
        <div className={css.brand}>
          <Logo size={40} />
          <div>
            <h1 className={css.title}>{t('signIn.title')}</h1>
            <div className={css.lead}>{t('signIn.lead')}</div>
          </div>
        </div>
        {over && !problem && <Notice tone="info">{t('signIn.over')}</Notice>}
        {problem && <Notice tone="bad">{problem}</Notice>}
        <form onSubmit={submit} className={css.form}>
          <TextInput label={t('signIn.name')} value={name} onChange={(e) => setName(e.currentTarget.value)} autoComplete="username" name="username" autoFocus required size="sm" withAsterisk={false} />
          <PasswordInput label={t('signIn.password')} value={password} onChange={(e) => setPassword(e.currentTarget.value)} autoComplete="current-password" name="password" required size="sm" withAsterisk={false} />
          <Button type="submit" size="sm" h={40} loading={busy} fullWidth mt={4}>{t('signIn.go')}</Button>
        </form>
        <div className={css.hint}>{t('signIn.hint')}</div>
      </main>
    </div>
  );
}

// The watchtower behind the form: drawn, not loaded.
function Tower() {
  return (
    <svg className={css.tower} viewBox="0 0 800 600" preserveAspectRatio="xMidYMax slice" aria-hidden="true">
      <g fill="none" stroke="currentColor" strokeWidth="2">
        <path d="M300 190 400 130l100 60M316 190h168v46H316zM340 236 300 600M460 236l40 364M332 310h136M322 400h156M311 500h178M340 236l138 164M460 236 322 400M322 400l167 200M478 400 311 600" />
        <circle cx="400" cy="212" r="9" />
        <path d="M409 212 800 90M409 214 800 260" strokeDasharray="3 9" />
        <path d="M391 212 0 90M391 214 0 260" strokeDasharray="3 9" />
        <path d="M0 560c120-50 220-50 300-20M500 540c100-40 200-30 300 10" />
      </g>
    </svg>
  );
}
