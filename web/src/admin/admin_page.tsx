// Users and everybody's API tokens, for administrators.
import { ActionIcon, Button, Group, Menu, Modal, PasswordInput, Select, Switch, TextInput } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { request } from '../api/client';
import type { ApiToken } from '../api/types';
import { useSession } from '../session/session';
import { formatTime } from '../ui/format';
import { Icon } from '../ui/icons';
import css from '../ui/list.module.css';
import { useSettings } from '../ui/settings';
import { Dot, Notice } from '../ui/ui';

interface AdminUser { id: number; name: string; display_name: string; role: string; enabled: boolean; must_change_password: boolean; created: string; last_login: string | null }
const kRoles = ['Reader', 'Responder', 'Contributor', 'Admin'];

export default function AdminPage() {
  const { t } = useTranslation();
  const { session } = useSession();
  const { utc } = useSettings();
  const client = useQueryClient();
  const [problem, setProblem] = useState('');
  const [making, setMaking] = useState(false);
  const [resetting, setResetting] = useState<AdminUser | null>(null);
  const [removing, setRemoving] = useState<AdminUser | ApiToken | null>(null);
  const users = useQuery({ queryKey: ['users'], queryFn: ({ signal }) => request<{ users: AdminUser[] }>('GET', '/api/v1/users', undefined, signal) });
  const tokens = useQuery({ queryKey: ['tokens'], queryFn: ({ signal }) => request<{ tokens: ApiToken[] }>('GET', '/api/v1/tokens', undefined, signal) });
  const when = (iso: string | null) => (iso ? formatTime(iso, utc) : t('account.never'));
  const act = async (action: () => Promise<unknown>) => {
    setProblem('');
    try {
      await action();
    } catch (error) {
      setProblem(error instanceof Error ? error.message : t('common.error'));
    }
    await Promise.all([client.invalidateQueries({ queryKey: ['users'] }), client.invalidateQueries({ queryKey: ['tokens'] })]);
  };
  const change = (user: AdminUser, what: Partial<AdminUser>) => act(() => request('PATCH', `/api/v1/users/${user.id}`, what));
  const isUser = (one: AdminUser | ApiToken): one is AdminUser => 'last_login' in one;
  if (!session.permissions.includes('manage_users')) return <div className={css.page}><div className={css.head}><h1>{t('app.admin')}</h1></div><div className={css.notices}><Notice tone="warn">{t('admin.notYou')}</Notice></div></div>;
  return (
    <div className={css.page}>
      <header className={css.head}><h1>{t('app.admin')}</h1></header>
      {(problem || users.error || tokens.error) && <div className={css.notices}><Notice tone="bad" title={t('common.error')}>{problem || users.error?.message || tokens.error?.message}</Notice></div>}
      <div className={css.scroll}>
        <div className={css.sectionHead}><h2>{t('admin.users')}</h2><Button size="xs" leftSection={<Icon name="plus" size={14} />} onClick={() => setMaking(true)}>{t('admin.newUser')}</Button></div>
        <div className={css.card}>
          <table className={css.table} data-testid="users">
            <thead><tr><th>{t('signIn.name')}</th><th>{t('account.role')}</th><th>{t('admin.enabled')}</th><th>{t('admin.lastLogin')}</th><th>{t('admin.created')}</th><th /></tr></thead>
            <tbody>
              {users.data?.users.map((user) => {
                const self = user.id === session.user.id;
                return (
                  <tr key={user.id} className={user.enabled ? undefined : css.off}>
                    <td><div className={css.strong}>{user.name}{self && <span className={css.faint}> · {t('admin.you')}</span>}</div><div className={css.faint}>{user.display_name}{user.must_change_password && ` ${t('admin.mustChange')}`}</div></td>
                    <td><Select size="xs" w={140} data={kRoles} value={user.role} allowDeselect={false} disabled={self} aria-label={`${t('account.role')}: ${user.name}`} onChange={(role) => role && role !== user.role && void change(user, { role })} /></td>
                    <td><Switch checked={user.enabled} disabled={self} aria-label={`${t('admin.enabled')}: ${user.name}`} onChange={() => void change(user, { enabled: !user.enabled })} /></td>
                    <td className={css.time}>{when(user.last_login)}</td>
                    <td className={css.time}>{when(user.created)}</td>
                    <td>
                      <Menu position="bottom-end">
                        <Menu.Target><ActionIcon aria-label={`${t('admin.more')}: ${user.name}`}><Icon name="more" /></ActionIcon></Menu.Target>
                        <Menu.Dropdown>
                          <Menu.Item leftSection={<Icon name="key" />} onClick={() => setResetting(user)}>{t('admin.reset')}</Menu.Item>
                          <Menu.Item leftSection={<Icon name="trash" />} color="red" disabled={self} onClick={() => setRemoving(user)}>{t('admin.remove')}</Menu.Item>
                        </Menu.Dropdown>
                      </Menu>
                    </td>
                  </tr>
                );
              })}
            </tbody>
          </table>
        </div>
        <div className={css.sectionHead}><h2>{t('account.tokens')}</h2></div>
        <div className={css.card}>
          <table className={css.table} data-testid="all-tokens">
            <thead><tr><th>{t('account.tokenName')}</th><th>{t('account.hint')}</th><th>{t('account.owner')}</th><th>{t('account.role')}</th><th>{t('account.lastUsed')}</th><th>{t('account.expires')}</th><th /></tr></thead>
            <tbody>
              {tokens.data?.tokens.map((token) => (
                <tr key={token.id}>
                  <td className={css.strong}>{token.name}</td><td><code>{token.hint}…</code></td><td>{token.user}</td>
                  <td>{token.role}{token.scopes.length > 0 && <span className={css.faint}> · {token.scopes.join(', ')}</span>}</td>
                  <td className={css.time}>{when(token.last_used)}</td><td className={css.time}><Dot tone={token.expires ? 'idle' : 'warn'} /> {when(token.expires)}</td>
                  <td><ActionIcon color="red" onClick={() => setRemoving(token)} aria-label={`${t('account.revoke')}: ${token.name}`}><Icon name="trash" /></ActionIcon></td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </div>
      <UserForm opened={making} onClose={() => setMaking(false)} onDone={(input) => act(() => request('POST', '/api/v1/users', input))} />
      <ResetForm user={resetting} onClose={() => setResetting(null)} onDone={(password) => act(() => request('PATCH', `/api/v1/users/${resetting!.id}`, { password, must_change_password: true }))} />
      <Modal opened={removing !== null} onClose={() => setRemoving(null)} title={removing && isUser(removing) ? t('admin.remove') : t('account.revoke')} centered>
        <p>{removing && (isUser(removing) ? t('admin.removeSure', { name: removing.name }) : t('account.revokeSure', { name: removing.name }))}</p>
        <Group justify="flex-end">
          <Button variant="default" onClick={() => setRemoving(null)}>{t('common.cancel')}</Button>
          <Button color="red" onClick={() => { const one = removing!; setRemoving(null); void act(() => request('DELETE', isUser(one) ? `/api/v1/users/${one.id}` : `/api/v1/tokens/${one.id}`)); }}>{removing && isUser(removing) ? t('admin.remove') : t('account.revoke')}</Button>
        </Group>
      </Modal>
    </div>
  );
}

function UserForm({ opened, onClose, onDone }: { opened: boolean; onClose(): void; onDone(input: object): Promise<void> }) {
  const { t } = useTranslation();
  const [name, setName] = useState('');
  const [display, setDisplay] = useState('');
  const [role, setRole] = useState('Reader');
  const [password, setPassword] = useState('');
  const finish = async () => {
    onClose();
    await onDone({ name, display_name: display, role, password, must_change_password: true });
    setName('');
    setDisplay('');
    setPassword('');
  };
  return (
    <Modal opened={opened} onClose={onClose} title={t('admin.newUser')} centered>
      <form className={css.form} onSubmit={(e) => { e.preventDefault(); void finish(); }}>
        <TextInput label={t('signIn.name')} value={name} onChange={(e) => setName(e.currentTarget.value)} required withAsterisk={false} autoComplete="off" data-autofocus />
        <TextInput label={t('admin.display')} value={display} onChange={(e) => setDisplay(e.currentTarget.value)} autoComplete="off" />
        <Select label={t('account.role')} data={kRoles} value={role} onChange={(value) => setRole(value ?? 'Reader')} allowDeselect={false} />
        <PasswordInput label={t('admin.firstPassword')} description={t('signIn.rules')} value={password} onChange={(e) => setPassword(e.currentTarget.value)} required withAsterisk={false} minLength={12} autoComplete="new-password" />
        <Group justify="flex-end" mt="xs"><Button type="submit">{t('account.create')}</Button></Group>
      </form>
    </Modal>
  );
}

function ResetForm({ user, onClose, onDone }: { user: AdminUser | null; onClose(): void; onDone(password: string): Promise<void> }) {
  const { t } = useTranslation();
  const [password, setPassword] = useState('');
  const finish = async () => {
    onClose();
    await onDone(password);
    setPassword('');
  };
  return (
    <Modal opened={user !== null} onClose={onClose} title={`${t('admin.reset')}: ${user?.name ?? ''}`} centered>
      <form className={css.form} onSubmit={(e) => { e.preventDefault(); void finish(); }}>
        <PasswordInput label={t('admin.firstPassword')} description={t('admin.resetLead')} value={password} onChange={(e) => setPassword(e.currentTarget.value)} required withAsterisk={false} minLength={12} autoComplete="new-password" data-autofocus />
        <Group justify="flex-end" mt="xs"><Button type="submit">{t('admin.reset')}</Button></Group>
      </form>
    </Modal>
  );
}
