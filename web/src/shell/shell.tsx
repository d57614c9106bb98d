// The frame: menu on the left, the page beside it.
import { Menu, Tooltip } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { NavLink, useNavigate } from 'react-router';
import { request } from '../api/client';
import type { Health } from '../api/types';
import { useSession } from '../session/session';
import { Icon, Logo, type IconName } from '../ui/icons';
import { changeSettings, useSettings } from '../ui/settings';
import { Dot } from '../ui/ui';
import { Preferences } from './preferences';
import { Shortcuts } from './shortcuts';
import css from './shell.module.css';

export function Shell({ children }: { children: ReactNode }) {
  const { t } = useTranslation();
  const { session, signOut } = useSession();
  const { narrowMenu } = useSettings();
  const navigate = useNavigate();
  const health = useQuery({
    queryKey: ['health'],
    queryFn: ({ signal }) => request<Health>('GET', '/api/v1/health', undefined, signal),
    refetchInterval: 15_000,
    enabled: session.permissions.includes('status'),
  });
  const healthTone = health.isError ? 'bad' : !health.data ? 'idle' : health.data.status === 'ok' ? 'good' : 'warn';
  const pages: [string, IconName, string][] = [
    ['/logs', 'logs', t('app.logs')],
    ['/tail', 'tail', t('app.tail')],
    ['/alerts', 'bell', t('app.alerts')],
    ['/rules', 'shield', t('app.rules')],
    ['/health', 'health', t('app.health')],
  ];
  if (session.permissions.includes('manage_users')) pages.push(['/admin', 'users', t('app.admin')]);
  return (
    <div className={css.frame} data-narrow={narrowMenu || undefined}>
      <a className={css.skip} href="#page">{t('app.skip')}</a>
      <nav className={css.rail} aria-label="Yagura">
        <div className={css.brand}>
          <Logo size={30} />
          {!narrowMenu && (
            <div className={css.brandText}>
              <b>Yagura</b>
              <span>{session.workspace}</span>
            </div>
          )}
        </div>
        <div className={css.pages}>
          {pages.map(([path, icon, label]) => (
            <Tooltip key={path} label={label} position="right" disabled={!narrowMenu}>
              <NavLink to={path} className={css.link} aria-label={label}>
                <Icon name={icon} size={18} />
                {!narrowMenu && <span>{label}</span>}
                {path === '/health' && <span className={css.state}><Dot tone={healthTone} /></span>}
              </NavLink>
            </Tooltip>
          ))}
        </div>
        <div className={css.foot}>
          <div className={css.preferences}>
            <Preferences light />
            <Tooltip label={t('app.collapse')} position="right">
              <button type="button" className={css.fold} aria-label={t('app.collapse')} onClick={() => changeSettings({ narrowMenu: !narrowMenu })}>
                <Icon name="panel" size={18} />
              </button>
            </Tooltip>
          </div>
          <Menu position="right-end" width={200}>
            <Menu.Target>
              <button type="button" className={css.user} aria-label={session.user.name}>
                <span className={css.avatar}>{session.user.name.slice(0, 2).toUpperCase()}</span>
                {!narrowMenu && (
                  <span className={css.userText}>
                    <b>{session.user.display_name || session.user.name}</b>
                    <span>{session.user.role}</span>
                  </span>
                )}
              </button>
            </Menu.Target>
            <Menu.Dropdown>
              <Menu.Item leftSection={<Icon name="user" />} onClick={() => navigate('/account')}>{t('app.account')}</Menu.Item>
              <Menu.Divider />
              <Menu.Item leftSection={<Icon name="exit" />} onClick={() => void signOut()}>{t('app.signOut')}</Menu.Item>
            </Menu.Dropdown>
          </Menu>
        </div>
      </nav>
      <Shortcuts />
      <main id="page" className={css.page}>{children}</main>
    </div>
  );
}
