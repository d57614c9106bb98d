// All fields of one row beside the table; dynamic values as indented JSON.
import { ActionIcon, CopyButton, Group, Switch, TextInput, Tooltip } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Cell, Column, Row } from '../api/types';
import { formatCount } from '../ui/format';
import { Icon } from '../ui/icons';
import { changeSettings, useSettings } from '../ui/settings';
import { Highlighted } from '../ui/ui';
import { parsed, toObject } from './csv';
import { cellText } from './result_table';
import { columnOrder, isEmptyCell } from './table_model';
import css from './row_detail.module.css';

interface Props {
  columns: Column[];
  row: Row;
  place: number;
  count: number;
  onMove?(step: number): void;
  onClose(): void;
  onFilter?(column: Column, cell: Cell, include: boolean): void;
}

export function RowDetail({ columns, row, place, count, onMove, onClose, onFilter }: Props) {
  const { t, i18n } = useTranslation();
  const { utc, hideEmptyFields } = useSettings();
  const [search, setSearch] = useState('');
  const word = search.trim().toLowerCase();
  const fields = columnOrder(columns).filter((i) => {
    if (hideEmptyFields && isEmptyCell(row[i])) return false;
    return word === '' || columns[i]!.name.toLowerCase().includes(word) || String(row[i] ?? '').toLowerCase().includes(word);
  });
  return (
    <aside className={css.panel} aria-label={t('logs.details')} onKeyDown={(e) => e.key === 'Escape' && onClose()}>
      <div className={css.head}>
        <b>{t('logs.details')}</b>
        <span className={css.place}>{formatCount(place + 1, i18n.language)} / {formatCount(count, i18n.language)}</span>
        <Group gap={2} ml="auto" wrap="nowrap">
          {onMove && <Tooltip label={t('logs.previous')}><ActionIcon size="sm" disabled={place === 0} onClick={() => onMove(-1)} aria-label={t('logs.previous')}><Icon name="up" /></ActionIcon></Tooltip>}
          {onMove && <Tooltip label={t('logs.next')}><ActionIcon size="sm" disabled={place + 1 >= count} onClick={() => onMove(1)} aria-label={t('logs.next')}><Icon name="down" /></ActionIcon></Tooltip>}
          <Copy text={() => JSON.stringify(toObject(columns, row), null, 2)} label={t('logs.copyRow')} />
          <Tooltip label={t('logs.close')}><ActionIcon size="sm" onClick={onClose} aria-label={t('logs.close')}><Icon name="close" /></ActionIcon></Tooltip>
        </Group>
      </div>
      <div className={css.tools}>
        <TextInput size="xs" placeholder={t('logs.filterFields')} aria-label={t('logs.filterFields')} leftSection={<Icon name="search" size={13} />} value={search} onChange={(e) => setSearch(e.currentTarget.value)} />
        <Switch size="xs" label={t('logs.hideEmptyFields')} checked={hideEmptyFields} onChange={(e) => changeSettings({ hideEmptyFields: e.currentTarget.checked })} />
      </div>
      <dl className={css.fields} data-testid="row-detail">
        {fields.map((i) => {
          const column = columns[i]!;
          const cell = row[i]!;
          const value = column.type === 'dynamic' && !isEmptyCell(cell) ? parsed(String(cell)) : undefined;
          const json = typeof value === 'object' && value !== null ? JSON.stringify(value, null, 2) : null;
          const text = json ?? cellText(column, cell, utc);
          return (
            <div key={i} className={css.field}>
              <dt title={`${column.name}: ${column.type}`}><Highlighted text={column.name} words={[search.trim()]} /></dt>
              <dd data-json={json !== null || undefined} data-empty={isEmptyCell(cell) || undefined}>
                <Highlighted text={isEmptyCell(cell) ? '–' : text} words={[search.trim()]} />
              </dd>
              <div className={css.acts}>
                {onFilter && <Tooltip label={t('logs.include')}><ActionIcon size={20} onClick={() => onFilter(column, cell, true)} aria-label={`${t('logs.include')}: ${column.name}`}><Icon name="plus" size={12} /></ActionIcon></Tooltip>}
                {onFilter && <Tooltip label={t('logs.exclude')}><ActionIcon size={20} onClick={() => onFilter(column, cell, false)} aria-label={`${t('logs.exclude')}: ${column.name}`}><Icon name="minus" size={12} /></ActionIcon></Tooltip>}
                {!isEmptyCell(cell) && <Copy text={() => text} label={t('logs.copyCell')} small />}
              </div>
            </div>
          );
        })}
      </dl>
    </aside>
  );
}

function Copy({ text, label, small = false }: { text: () => string; label: string; small?: boolean }) {
  return (
    <CopyButton value={text()}>
      {({ copied, copy }) => (
        <Tooltip label={label}>
          <ActionIcon size={small ? 20 : 'sm'} onClick={copy} aria-label={label}><Icon name={copied ? 'check' : 'copy'} size={small ? 12 : 15} /></ActionIcon>
        </Tooltip>
      )}
    </CopyButton>
  );
}
