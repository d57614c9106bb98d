import { Button, Group, Popover, Switch, TextInput } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { formatTime, zoneName } from '../ui/format';
import { Icon } from '../ui/icons';
import { changeSettings, useSettings } from '../ui/settings';
import { fromInputValue, presets, toInputValue, type TimeRange } from './time_range';
import css from './logs.module.css';

export function TimePicker({ value, onChange, note }: { value: TimeRange; onChange: (range: TimeRange) => void; note?: string }) {
  const { t } = useTranslation();
  const { utc } = useSettings();
  const [open, setOpen] = useState(false);
  const [from, setFrom] = useState('');
  const [to, setTo] = useState('');
  const [problem, setProblem] = useState('');

  const label =
    value.kind === 'all' ? t('time.all')
    : value.kind === 'last' ? t('time.last', { span: t(`time.${value.preset}`) })
    : `${formatTime(value.from.replace(/\.\d+Z$/, 'Z'), utc)} – ${formatTime(value.to.replace(/\.\d+Z$/, 'Z'), utc)}`;
  const toggle = () => {
    if (!open) {
      const now = new Date();
      const start = value.kind === 'between' ? value.from : new Date(now.getTime() - 3_600_000).toISOString();
      setFrom(toInputValue(start, utc));
      setTo(toInputValue(value.kind === 'between' ? value.to : now.toISOString(), utc));
      setProblem('');
    }
    setOpen(!open);
  };
  const choose = (range: TimeRange) => {
    onChange(range);
    setOpen(false);
  };
  const apply = () => {
    const start = fromInputValue(from, utc);
    const end = fromInputValue(to, utc);
    if (!start || !end || start >= end) return setProblem(t('time.order'));
    choose({ kind: 'between', from: start, to: end });
  };
  return (
    <Popover opened={open} onChange={setOpen} position="bottom-start" shadow="md" radius="md" trapFocus>
      <Popover.Target>
        <Button variant="default" leftSection={<Icon name="clock" size={15} />} rightSection={<Icon name="down" size={13} />} onClick={toggle} aria-label={t('time.label')}>
          <span className={css.timeLabel}>{label}</span>
          {note && <span className={css.timeNote}>{note}</span>}
        </Button>
      </Popover.Target>
      <Popover.Dropdown p={0}>
        <div className={css.timePanel}>
          <>
            <div className={css.timePresets}>
              {presets.map(([preset]) => (
                <button key={preset} type="button" className={css.timePreset} data-active={(value.kind === 'last' && value.preset === preset) || undefined} onClick={() => choose({ kind: 'last', preset })}>
                  {t('time.last', { span: t(`time.${preset}`) })}
                </button>
              ))}
              <button type="button" className={css.timePreset} data-active={value.kind === 'all' || undefined} onClick={() => choose({ kind: 'all' })}>{t('time.all')}</button>
            </div>
          </>
          <div className={css.timeCustom}>
            <div className={css.timeHead}>{t('time.custom')}</div>
            <TextInput size="xs" type="datetime-local" step={1} label={t('time.from')} value={from} onChange={(e) => setFrom(e.currentTarget.value)} />
            <TextInput size="xs" type="datetime-local" step={1} label={t('time.to')} value={to} onChange={(e) => setTo(e.currentTarget.value)} error={problem} />
            <Group justify="space-between" mt="xs">
              <Switch size="xs" label={t('time.utc')} checked={utc} onChange={(e) => changeSettings({ utc: e.currentTarget.checked })} />
              <Button size="xs" onClick={apply}>{t('time.apply')}</Button>
            </Group>
            <div className={css.timeZone}>{t('time.local', { zone: zoneName(utc) })}</div>
          </div>
        </div>
      </Popover.Dropdown>
    </Popover>
  );
}
