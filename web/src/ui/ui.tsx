// Small pieces that every page uses.
import { Stack, Text } from '@mantine/core';
import type { ReactNode } from 'react';
import { Icon, type IconName } from './icons';
import css from './ui.module.css';

export function Empty({ icon, title, children }: { icon: IconName; title: string; children?: ReactNode }) {
  return (
    <Stack align="center" justify="center" gap={6} className={css.empty}>
      <div className={css.emptyIcon}>
        <Icon name={icon} size={26} />
      </div>
      <Text fw={600}>{title}</Text>
      <div className={css.emptyText}>{children}</div>
    </Stack>
  );
}

export function Dot({ tone }: { tone: 'good' | 'warn' | 'bad' | 'idle' }) {
  return <span className={css.dot} data-tone={tone} />;
}

export function Notice({ tone, title, children }: { tone: 'bad' | 'warn' | 'info'; title?: string; children?: ReactNode }) {
  return (
    <div className={css.notice} data-tone={tone} role={tone === 'bad' ? 'alert' : 'status'}>
      <Icon name={tone === 'bad' ? 'error' : tone === 'warn' ? 'warn' : 'info'} size={18} />
      <div className={css.noticeBody}>
        {title && <div className={css.noticeTitle}>{title}</div>}
        {children}
      </div>
    </div>
  );
}

export function TabButton({ active, onClick, children }: { active: boolean; onClick: () => void; children: ReactNode }) {
  return (
    <button type="button" role="tab" aria-selected={active} className={css.tab} data-active={active || undefined} onClick={onClick}>
      {children}
    </button>
  );
}

// The parts of a text that hold one of the words stand in <mark>.
export function Highlighted({ text, words }: { text: string; words: string[] }) {
  const wanted = words.filter((word) => word !== '');
  if (wanted.length === 0) return <>{text}</>;
  const pattern = new RegExp(`(${wanted.map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('|')})`, 'gi');
  const parts = text.split(pattern);
  return <>{parts.map((part, i) => (i % 2 === 1 ? <mark key={i}>{part}</mark> : part))}</>;
}
