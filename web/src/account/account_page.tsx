import { ActionIcon, Button, CopyButton, Group, Modal, MultiSelect, NumberInput, Select, TextInput, Tooltip } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { request } from '../api/client';
import type { ApiToken } from '../api/types';
import { useSession } from '../session/session';
import { PasswordForm } from '../session/change_password';
import { formatTime } from '../ui/format';
import { Icon } from '../ui/icons';
import { useSettings } from '../ui/settings';
import { Empty, Notice } from '../ui/ui';
import css from './account.module.css';

const kRoles = ['Reader', 'Responder', 'Contributor', 'Admin'];

export default function AccountPage() {
  const { t } = useTranslation();
  const { session } = useSession();
  const { utc } = useSettings();
  const client = useQueryClient();
  const tokens = useQuery({ queryKey: ['tokens'], queryFn: ({ signal }) => request<{ tokens: ApiToken[] }>('GET', '/api/v1/tokens', undefined, signal) });
  const [making, setMaking] = useState(false);
  const [revoking, setRevoking] = useState<ApiToken | null>(null);
  const revoke = async () => {
    await request('DELETE', `/api/v1/tokens/${revoking!.id}`).catch(() => {});
    setRevoking(null);
    void client.invalidateQueries({ queryKey: ['tokens'] });
  };
  const when = (iso: string | null) => (iso ? formatTime(iso.replace(/\.\d+Z$/, 'Z'), utc) : t('account.never'));
  return (
    <div className={css.page}>
      <h1>{t('account.title')}</h1>
      <section className={css.card}>
        <div className={css.who}>
          <span className={css.avatar}>{session.user.name.slice(0, 2).toUpperCase()}</span>
          <div><b>{session.user.display_name || session.user.name}</b><div className={css.faint}>{session.user.name} · {session.user.role}</div></div>
        </div>
      </section>
      <section className={css.card}>
        <div className={css.cardHead}>
          <div><h2>{t('account.tokens')}</h2><p>{t('account.tokensLead')}</p></div>
          <Button leftSection={<Icon name="plus" size={14} />} onClick={() => setMaking(true)}>{t('account.newToken')}</Button>
        </div>
        {tokens.error && <Notice tone="bad">{tokens.error.message}</Notice>}
        {tokens.data?.tokens.length === 0 && <Empty icon="key" title={t('account.none')} />}
        {(tokens.data?.tokens.length ?? 0) > 0 && (
          <table className={css.table}>
            <thead><tr><th>{t('account.tokenName')}</th><th>{t('account.hint')}</th><th>{t('account.owner')}</th><th>{t('account.role')}</th><th>{t('account.lastUsed')}</th><th>{t('account.expires')}</th><th /></tr></thead>
            <tbody>
              {tokens.data!.tokens.map((token) => (
                <tr key={token.id}>
                  <td><b>{token.name}</b></td><td><code>{token.hint}…</code></td><td>{token.user}</td><td>{token.role}{token.scopes.length > 0 && <span className={css.faint}> · {token.scopes.join(', ')}</span>}</td>
                  <td>{when(token.last_used)}</td><td>{when(token.expires)}</td>
                  <td><Tooltip label={t('account.revoke')}><ActionIcon color="red" onClick={() => setRevoking(token)} aria-label={`${t('account.revoke')}: ${token.name}`}><Icon name="trash" /></ActionIcon></Tooltip></td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
      </section>
      <section className={css.card}>
        <h2>{t('account.password')}</h2>
        <div className={css.narrow}><PasswordForm onDone={() => {}} /></div>
      </section>
      <NewToken opened={making} onClose={() => { setMaking(false); void client.invalidateQueries({ queryKey: ['tokens'] }); }} />
      <Modal opened={revoking !== null} onClose={() => setRevoking(null)} title={t('account.revoke')} centered>
        <p>{t('account.revokeSure', { name: revoking?.name })}</p>
        <Group justify="flex-end"><Button variant="default" onClick={() => setRevoking(null)}>{t('account.cancel')}</Button><Button color="red" onClick={() => void revoke()}>{t('account.revoke')}</Button></Group>
      </Modal>
    </div>
  );
}

function NewToken({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  const { t } = useTranslation();
  const { session } = useSession();
  const [name, setName] = useState('');
  const [role, setRole] = useState('Reader');
  const [scopes, setScopes] = useState<string[]>([]);
  const [days, setDays] = useState<number | string>(90);
  const [made, setMade] = useState<ApiToken | null>(null);
  const [problem, setProblem] = useState('');
  const close = () => {
    setMade(null);
    setName('');
    setProblem('');
    onClose();
  };
  const create = async () => {
    try {
      setProblem('');
      setMade(await request<ApiToken>('POST', '/api/v1/tokens', { name, role, scopes, expires_in_days: days === '' ? undefined : Number(days) }));
    } catch (error) {
      setProblem(error instanceof Error ? error.message : t('common.error'));
    }
  };
  return (
    <Modal opened={opened} onClose={close} title={t('account.newToken')} centered closeOnClickOutside={!made}>
      {made ? (
        <>
          <Notice tone="warn">{t('account.created')}</Notice>
          <div className={css.secret}>
            <code>{made.token}</code>
            <CopyButton value={made.token!}>{({ copied, copy }) => <Button size="xs" variant="default" leftSection={<Icon name={copied ? 'check' : 'copy'} size={14} />} onClick={copy}>{t('common.copy')}</Button>}</CopyButton>
          </div>
          <Group justify="flex-end" mt="md"><Button onClick={close}>{t('account.done')}</Button></Group>
        </>
      ) : (
        <form onSubmit={(e) => { e.preventDefault(); void create(); }} className={css.form}>
          {problem && <Notice tone="bad">{problem}</Notice>}
          <TextInput label={t('account.tokenName')} value={name} onChange={(e) => setName(e.currentTarget.value)} required withAsterisk={false} data-autofocus />
          <Select label={t('account.tokenRole')} data={kRoles.slice(0, kRoles.indexOf(session.user.role) + 1)} value={role} onChange={(value) => setRole(value ?? 'Reader')} allowDeselect={false} />
          <MultiSelect label={t('account.tokenScopes')} data={session.permissions} value={scopes} onChange={setScopes} clearable />
          <NumberInput label={t('account.tokenDays')} value={days} onChange={setDays} min={1} max={3650} allowDecimal={false} />
          <Group justify="flex-end" mt="xs"><Button type="submit">{t('account.create')}</Button></Group>
        </form>
      )}
    </Modal>
  );
}
