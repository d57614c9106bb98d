// Keys that work on every page, and the list of all keys behind "?".
import { Modal } from '@mantine/core';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useNavigate } from 'react-router';
import css from './shortcuts.module.css';

function isTyping(target: EventTarget | null): boolean {
  const element = target as HTMLElement | null;
  return element !== null && (element.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(element.tagName) || element.closest?.('.monaco-editor') !== null);
}

export function Shortcuts() {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const [open, setOpen] = useState(false);
  useEffect(() => {
    const pages = ['/logs', '/tail', '/alerts', '/rules', '/health', '/admin', '/account'];
    const listener = (event: KeyboardEvent) => {
      if (event.altKey && !event.ctrlKey && !event.metaKey && /^Digit[1-7]$/.test(event.code)) {
        event.preventDefault();
        navigate(pages[Number(event.code.slice(5)) - 1]!);
      } else if (event.key === '?' && !isTyping(event.target)) {
        event.preventDefault();
        setOpen(true);
      }
    };
    window.addEventListener('keydown', listener);
    return () => window.removeEventListener('keydown', listener);
  }, [navigate]);
  const groups: [string, [string[], string][]][] = [
    [t('keys.everywhere'), [[['Alt', '1–7'], t('keys.pages')], [['?'], t('keys.help')]]],
    [t('app.logs'), [[['Ctrl', 'Enter'], t('keys.run')], [['Shift', 'Enter'], t('keys.run')], [['Esc'], t('keys.cancel')], [['Ctrl', 'Space'], t('keys.complete')]]],
    [t('logs.results'), [[['↑', '↓', '←', '→'], t('keys.move')], [['Ctrl', 'Home'], t('keys.first')], [['Ctrl', 'End'], t('keys.last')], [['Enter'], t('keys.open')], [['Ctrl', 'C'], t('keys.copy')], [['Esc'], t('keys.close')]]],
    [t('app.tail'), [[['Space'], t('keys.pause')]]],
    [t('app.alerts'), [[['↑', '↓'], t('keys.move')], [['Esc'], t('keys.close')]]],
  ];
  return (
    <Modal opened={open} onClose={() => setOpen(false)} title={t('keys.title')} size="lg" centered>
      <div className={css.groups}>
        {groups.map(([title, keys]) => (
          <section key={title}>
            <h3>{title}</h3>
            {keys.map(([names, label], i) => (
              <div key={i} className={css.line}>
                <span>{label}</span>
                <span>{names.map((name) => <kbd key={name}>{name}</kbd>)}</span>
              </div>
            ))}
          </section>
        ))}
      </div>
    </Modal>
  );
}
