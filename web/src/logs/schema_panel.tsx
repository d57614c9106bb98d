import { ActionIcon, TextInput, Tooltip } from '@mantine/core';
import { useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Table } from '../api/types';
import { Icon } from '../ui/icons';
import { changeSettings, useSettings } from '../ui/settings';
import { Highlighted } from '../ui/ui';
import css from './logs.module.css';

interface Props {
  tables: Table[] | undefined;
  onInsert(text: string): void;
  onPreview(table: string): void;
  onHide(): void;
}

export function SchemaPanel({ tables, onInsert, onPreview, onHide }: Props) {
  const { t } = useTranslation();
  const { pinnedTables } = useSettings();
  const [search, setSearch] = useState('');
  const [open, setOpen] = useState<Set<string>>(new Set());
  const word = search.trim().toLowerCase();
  const shown = useMemo(
    () =>
      (tables ?? []).flatMap((table) => {
        const byName = table.name.toLowerCase().includes(word);
        const columns = word === '' || byName ? table.columns : table.columns.filter((column) => column.name.toLowerCase().includes(word));
        return word === '' || byName || columns.length > 0 ? [{ table, columns, byName }] : [];
      }),
    [tables, word],
  );
  // The ones that this person works with first, then our own, then the long list.
  const isFirst = ({ table }: { table: Table }) => pinnedTables.includes(table.name);
  const isCustom = ({ table }: { table: Table }) => table.custom;
  const groups = (
    [
      [t('logs.pinned'), shown.filter(isFirst)],
      [t('logs.customTables'), shown.filter((entry) => isCustom(entry) && !isFirst(entry))],
      [t('logs.allTables'), shown.filter((entry) => !isCustom(entry) && !isFirst(entry))],
    ] as [string, typeof shown][]
  ).filter(([, entries]) => entries.length > 0);
  const pin = (name: string, on: boolean) => changeSettings({ pinnedTables: on ? [...pinnedTables, name] : pinnedTables.filter((other) => other !== name) });
  const toggle = (name: string) => setOpen((before) => {
    const after = new Set(before);
    if (!after.delete(name)) after.add(name);
    return after;
  });
  return (
    <aside className={css.schema} aria-label={t('logs.tables')}>
      <div className={css.schemaHead}>
        <span>{t('logs.tables')}</span>
        <Tooltip label={t('logs.hidePanel')}><ActionIcon size="sm" onClick={onHide} aria-label={t('logs.hidePanel')}><Icon name="panel" size={15} /></ActionIcon></Tooltip>
      </div>
      <div className={css.schemaSearch}>
        <TextInput size="xs" placeholder={t('logs.searchTables')} aria-label={t('logs.searchTables')} leftSection={<Icon name="search" size={14} />} value={search} onChange={(e) => setSearch(e.currentTarget.value)} />
      </div>
      <div className={css.schemaList}>
        {tables && shown.length === 0 && <div className={css.schemaNone}>{t('logs.noTables')}</div>}
        {groups.map(([title, entries]) => (
          <div key={title} role="group" aria-label={title}>
            <div className={css.schemaGroup}>{title}</div>
            {entries.map(({ table, columns, byName }) => {
              const isOpen = open.has(table.name) || (word !== '' && !byName);
              const isPinned = pinnedTables.includes(table.name);
              return (
                <div key={table.name}>
                  <div className={css.schemaTable}>
                    <button type="button" className={css.schemaToggle} aria-expanded={isOpen} onClick={() => toggle(table.name)} title={table.description ? `${table.name}: ${table.description}` : table.name}>
                      <Icon name="chevron" size={12} style={{ transform: isOpen ? 'rotate(90deg)' : undefined }} />
                      <Icon name="table" size={14} />
                      <span className={css.schemaName}><Highlighted text={table.name} words={[search.trim()]} /></span>
                      {table.custom && <span className={css.schemaBadge}>{t('logs.custom')}</span>}
                    </button>
                    <div className={css.schemaActs}>
                      <Tooltip label={t('logs.preview')}><ActionIcon size="sm" onClick={() => onPreview(table.name)} aria-label={`${t('logs.preview')}: ${table.name}`}><Icon name="play" size={12} /></ActionIcon></Tooltip>
                      <Tooltip label={t('logs.insert')}><ActionIcon size="sm" onClick={() => onInsert(table.name)} aria-label={`${t('logs.insert')}: ${table.name}`}><Icon name="plus" size={13} /></ActionIcon></Tooltip>
                      <Tooltip label={isPinned ? t('logs.unpin') : t('logs.pin')}>
                        <ActionIcon size="sm" className={isPinned ? css.schemaPinned : undefined} onClick={() => pin(table.name, !isPinned)} aria-label={`${isPinned ? t('logs.unpin') : t('logs.pin')}: ${table.name}`} aria-pressed={isPinned}><Icon name="star" size={13} /></ActionIcon>
                      </Tooltip>
                    </div>
                  </div>
                  {isOpen && columns.map((column) => (
                    <button key={column.name} type="button" className={css.schemaColumn} title={column.description || undefined} onClick={() => onInsert(column.name)}>
                      <span className={css.schemaName}><Highlighted text={column.name} words={[search.trim()]} /></span>
                      <span className={css.schemaType} data-type={column.type}>{column.type}</span>
                    </button>
                  ))}
                </div>
              );
            })}
          </div>
        ))}
      </div>
    </aside>
  );
}
