// The rows: virtual in both directions, sortable, columns resized by hand, moved through by keyboard.
import { ActionIcon, Menu, Portal } from '@mantine/core';
import { useVirtualizer } from '@tanstack/react-virtual';
import { useCallback, useEffect, useMemo, useRef, useState, type KeyboardEvent, type PointerEvent } from 'react';
import { useTranslation } from 'react-i18next';
import type { Cell, Column, Row } from '../api/types';
import { formatTime } from '../ui/format';
import { Icon } from '../ui/icons';
import { Highlighted } from '../ui/ui';
import { isEmptyCell, widthOf, type Sort } from './table_model';
import css from './result_table.module.css';

interface Props {
  columns: Column[];
  shownColumns: number[];
  rows: Row[];
  order: number[];
  sort: Sort;
  onSort(sort: Sort): void;
  onHideColumn(index: number): void;
  filter: string;
  utc: boolean;
  selected: number | null;        // place in `order`
  onSelect(place: number | null, open: boolean): void;
  onFilter(column: Column, cell: Cell, include: boolean): void;
  onCopy(text: string): void;
  onCopyRow(row: Row): void;
  label: string;
}

const kRowHeight = 30;
const kHeaderHeight = 34;

export function cellText(column: Column, cell: Cell | undefined, utc: boolean): string {
  if (cell === null || cell === undefined) return '';
  return column.type === 'datetime' ? formatTime(String(cell), utc) : String(cell);
}

export function ResultTable(props: Props) {
  const { columns, shownColumns, rows, order, sort, onSort, filter, utc, selected, onSelect } = props;
  const { t } = useTranslation();
  const scroller = useRef<HTMLDivElement>(null);
  const [widths, setWidths] = useState<Record<string, number>>({});
  const [activeColumn, setActiveColumn] = useState(0);
  const [menu, setMenu] = useState<{ x: number; y: number; place: number; column: number } | null>(null);
  const words = useMemo(() => filter.trim().split(/\s+/), [filter]);

  // Widths are guessed from the first rows once they are there, then they belong to the user.
  const guessed = useMemo(() => columns.map((column, i) => widthOf(column, i, rows)), [columns, rows.length > 0]); // eslint-disable-line
  const widthAt = useCallback((place: number) => {
    const index = shownColumns[place]!;
    return widths[columns[index]!.name] ?? guessed[index]!;
  }, [shownColumns, widths, columns, guessed]);

  const vertical = useVirtualizer({ count: order.length, getScrollElement: () => scroller.current, estimateSize: () => kRowHeight, overscan: 12, scrollPaddingStart: kHeaderHeight });
  const horizontal = useVirtualizer({ horizontal: true, count: shownColumns.length, getScrollElement: () => scroller.current, estimateSize: widthAt, overscan: 3, paddingStart: 44 });
  useEffect(() => horizontal.measure(), [horizontal, widthAt]);

  const drag = useRef<{ name: string; startX: number; startWidth: number } | null>(null);
  const startResize = (event: PointerEvent, place: number) => {
    event.preventDefault();
    event.stopPropagation();
    (event.target as HTMLElement).setPointerCapture(event.pointerId);
    drag.current = { name: columns[shownColumns[place]!]!.name, startX: event.clientX, startWidth: widthAt(place) };
  };
  const resize = (event: PointerEvent) => {
    if (!drag.current) return;
    const { name, startX, startWidth } = drag.current;
    setWidths((before) => ({ ...before, [name]: Math.max(48, Math.round(startWidth + event.clientX - startX)) }));
  };
  const fit = (place: number) => {
    const index = shownColumns[place]!;
    const sample = order.slice(0, 200).map((row) => rows[row]!);
    const longest = sample.reduce((most, row) => Math.max(most, cellText(columns[index]!, row[index], utc).length), columns[index]!.name.length + 3);
    setWidths((before) => ({ ...before, [columns[index]!.name]: Math.min(1200, Math.max(60, longest * 7.4 + 26)) }));
  };

  const nextSort = (index: number): Sort =>
    sort?.column !== index ? { column: index, descending: false } : !sort.descending ? { column: index, descending: true } : null;

  const move = (event: KeyboardEvent) => {
    if (event.target !== event.currentTarget || order.length === 0) return;
    const page = Math.max(1, Math.floor((scroller.current?.clientHeight ?? 300) / kRowHeight) - 2);
    const at = selected ?? -1;
    const go = (place: number) => {
      const bounded = Math.max(0, Math.min(order.length - 1, place));
      onSelect(bounded, false);
      vertical.scrollToIndex(bounded);
    };
    const goColumn = (place: number) => {
      const bounded = Math.max(0, Math.min(shownColumns.length - 1, place));
      setActiveColumn(bounded);
      horizontal.scrollToIndex(bounded);
    };
    const ctrl = event.ctrlKey || event.metaKey;
    switch (event.key) {
      case 'ArrowDown': go(at + 1); break;
      case 'ArrowUp': go(at < 0 ? 0 : at - 1); break;
      case 'PageDown': go(at + page); break;
      case 'PageUp': go(at - page); break;
      case 'Home': if (ctrl) go(0); else goColumn(0); break;
      case 'End': if (ctrl) go(order.length - 1); else goColumn(shownColumns.length - 1); break;
      case 'ArrowRight': goColumn(activeColumn + 1); break;
      case 'ArrowLeft': goColumn(activeColumn - 1); break;
      case 'Enter': case ' ': if (at >= 0) onSelect(at, true); break;
      case 'Escape': onSelect(null, false); break;
      case 'c':
      case 'C':
        if (!ctrl || at < 0 || window.getSelection()?.toString()) return;
        props.onCopy(cellText(columns[shownColumns[activeColumn]!]!, rows[order[at]!]![shownColumns[activeColumn]!], utc));
        break;
      default: return;
    }
    event.preventDefault();
  };

  const cells = horizontal.getVirtualItems();
  const total = horizontal.getTotalSize();
  return (
    <div ref={scroller} className={css.scroller} tabIndex={0} role="grid" aria-label={props.label} aria-rowcount={order.length + 1} aria-colcount={shownColumns.length} onKeyDown={move} data-testid="result-table">
      <div style={{ width: total, height: vertical.getTotalSize() + kHeaderHeight, position: 'relative' }}>
        <div className={css.header} role="row" style={{ width: total }}>
          <div className={css.corner} role="columnheader" aria-label="#">#</div>
          {cells.map((item) => {
            const index = shownColumns[item.index]!;
            const column = columns[index]!;
            const sorted = sort?.column === index ? (sort.descending ? 'descending' : 'ascending') : 'none';
            return (
              <div key={column.name + index} role="columnheader" aria-sort={sorted} className={css.head} style={{ left: item.start, width: item.size }}>
                <button type="button" className={css.headButton} tabIndex={-1} onClick={() => onSort(nextSort(index))} title={`${column.name}: ${column.type}`}>
                  <span className={css.headName}>{column.name}</span>
                  {sorted !== 'none' && <Icon name={sorted === 'ascending' ? 'up' : 'down'} size={12} />}
                </button>
                <Menu position="bottom-end" width={190}>
                  <Menu.Target>
                    <ActionIcon size={18} className={css.headMenu} tabIndex={-1} aria-label={`${column.name}: ${t('logs.columnsMenu')}`}><Icon name="down" size={11} /></ActionIcon>
                  </Menu.Target>
                  <Menu.Dropdown>
                    <Menu.Label>{column.name} · {column.type}</Menu.Label>
                    <Menu.Item leftSection={<Icon name="up" />} onClick={() => onSort({ column: index, descending: false })}>{t('logs.sortUp')}</Menu.Item>
                    <Menu.Item leftSection={<Icon name="down" />} onClick={() => onSort({ column: index, descending: true })}>{t('logs.sortDown')}</Menu.Item>
                    {sort && <Menu.Item leftSection={<Icon name="minus" />} onClick={() => onSort(null)}>{t('logs.sortNone')}</Menu.Item>}
                    <Menu.Divider />
                    <Menu.Item leftSection={<Icon name="close" />} onClick={() => props.onHideColumn(index)}>{t('logs.hideColumn')}</Menu.Item>
                  </Menu.Dropdown>
                </Menu>
                <div className={css.resizer} onPointerDown={(e) => startResize(e, item.index)} onPointerMove={resize} onPointerUp={() => (drag.current = null)} onDoubleClick={() => fit(item.index)} />
              </div>
            );
          })}
        </div>
        {vertical.getVirtualItems().map((line) => {
          const row = rows[order[line.index]!]!;
          const isSelected = line.index === selected;
          return (
            <div key={line.key} role="row" aria-rowindex={line.index + 2} aria-selected={isSelected} className={css.row} data-selected={isSelected || undefined} style={{ transform: `translateY(${line.start + kHeaderHeight}px)`, width: total }}
              onDoubleClick={() => onSelect(line.index, true)}>
              <button type="button" className={css.number} tabIndex={-1} onClick={() => onSelect(line.index, true)} aria-label={`${t('logs.details')} ${line.index + 1}`}>
                <span>{line.index + 1}</span>
                <Icon name="chevron" size={12} />
              </button>
              {cells.map((item) => {
                const index = shownColumns[item.index]!;
                const column = columns[index]!;
                const text = cellText(column, row[index], utc);
                return (
                  <div key={column.name + index} role="gridcell" className={css.cell} data-type={column.type} data-active={(isSelected && item.index === activeColumn) || undefined} style={{ left: item.start, width: item.size }}
                    title={text.length > 40 ? text.slice(0, 600) : undefined}
                    onClick={() => { setActiveColumn(item.index); onSelect(line.index, false); scroller.current?.focus({ preventScroll: true }); }}
                    onContextMenu={(e) => { e.preventDefault(); setActiveColumn(item.index); onSelect(line.index, false); setMenu({ x: e.clientX, y: e.clientY, place: line.index, column: index }); }}>
                    {words[0] ? <Highlighted text={text} words={words} /> : text}
                  </div>
                );
              })}
            </div>
          );
        })}
      </div>
      {menu && (
        <Portal>
          <Menu opened onClose={() => setMenu(null)} position="bottom-start" width={210} shadow="md">
            <Menu.Target><div style={{ position: 'fixed', left: menu.x, top: menu.y, width: 1, height: 1 }} /></Menu.Target>
            <Menu.Dropdown>
              <CellMenu {...props} menu={menu} />
            </Menu.Dropdown>
          </Menu>
        </Portal>
      )}
    </div>
  );
}

function CellMenu({ columns, rows, order, menu, utc, onFilter, onCopy, onCopyRow, onSelect }: Props & { menu: { place: number; column: number } }) {
  const { t } = useTranslation();
  const row = rows[order[menu.place]!]!;
  const column = columns[menu.column]!;
  const cell = row[menu.column]!;
  return (
    <>
      <Menu.Label>{column.name}</Menu.Label>
      <Menu.Item leftSection={<Icon name="filter" />} onClick={() => onFilter(column, cell, true)}>{t('logs.include')}</Menu.Item>
      <Menu.Item leftSection={<Icon name="minus" />} onClick={() => onFilter(column, cell, false)}>{t('logs.exclude')}</Menu.Item>
      <Menu.Divider />
      <Menu.Item leftSection={<Icon name="copy" />} disabled={isEmptyCell(cell)} onClick={() => onCopy(cellText(column, cell, utc))}>{t('logs.copyCell')}</Menu.Item>
      <Menu.Item leftSection={<Icon name="copy" />} onClick={() => onCopyRow(row)}>{t('logs.copyRow')}</Menu.Item>
      <Menu.Divider />
      <Menu.Item leftSection={<Icon name="chevron" />} onClick={() => onSelect(menu.place, true)}>{t('logs.details')}</Menu.Item>
    </>
  );
}
