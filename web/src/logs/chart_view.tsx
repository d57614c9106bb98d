import { useComputedColorScheme } from '@mantine/core';
import { BarChart, LineChart, PieChart, ScatterChart } from 'echarts/charts';
import { DataZoomComponent, GridComponent, LegendComponent, TooltipComponent } from 'echarts/components';
import * as echarts from 'echarts/core';
import { CanvasRenderer } from 'echarts/renderers';
import { useEffect, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { formatCount, formatTime } from '../ui/format';
import { useSettings } from '../ui/settings';
import type { Chart } from './chart_model';
import css from './logs.module.css';

echarts.use([BarChart, LineChart, PieChart, ScatterChart, GridComponent, LegendComponent, TooltipComponent, DataZoomComponent, CanvasRenderer]);

// Told apart also by people who see red and green alike; enough contrast on both grounds.
const palette = {
  light: ['#1f5fae', '#d97706', '#0f8a7a', '#a63d8f', '#6b7f1e', '#c0392b', '#5b5fc7', '#8c6239', '#2b8fc0', '#7a5195'],
  dark: ['#6aa9f4', '#f0b354', '#4fd1bd', '#e88ad3', '#b9cf5a', '#ff8a80', '#a3a7ff', '#d4a574', '#74d0f1', '#c79bea'],
};

export function ChartView({ chart }: { chart: Chart }) {
  return chart.kind === 'card' ? <Cards chart={chart} /> : <Canvas chart={chart} />;
}

function Cards({ chart }: { chart: Chart }) {
  const { i18n } = useTranslation();
  return (
    <div className={css.cards} data-testid="chart">
      {chart.series.map((one) => (
        <div key={one.name} className={css.card}>
          <b>{one.points[0]![1] === null ? '–' : formatCount(one.points[0]![1], i18n.language)}</b>
          <span>{one.name}</span>
        </div>
      ))}
    </div>
  );
}

function Canvas({ chart }: { chart: Chart }) {
  const host = useRef<HTMLDivElement>(null);
  const instance = useRef<echarts.ECharts | null>(null);
  const scheme = useComputedColorScheme('light');
  const { utc } = useSettings();
  const { i18n } = useTranslation();

  useEffect(() => {
    const made = echarts.init(host.current!, undefined, { useDirtyRect: true });
    instance.current = made;
    const observer = new ResizeObserver(() => made.resize());
    observer.observe(host.current!);
    return () => {
      observer.disconnect();
      made.dispose();
      instance.current = null;
    };
  }, []);

  useEffect(() => {
    const style = getComputedStyle(host.current!);
    const token = (name: string) => style.getPropertyValue(name).trim();
    const count = (value: unknown) => formatCount(Number(value), i18n.language);
    const escape = (text: string) => text.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);
    const time = (value: number) => formatTime(new Date(value).toISOString(), utc);
    const text = { color: token('--y-text-2'), fontFamily: style.fontFamily, fontSize: 12 };
    const base = {
      color: palette[scheme], textStyle: text, animationDuration: 250, animationDurationUpdate: 200, useUTC: utc,
      tooltip: {
        trigger: chart.kind === 'pie' ? 'item' : 'axis', confine: true, appendTo: 'body', backgroundColor: token('--y-raised'), borderColor: token('--y-line-strong'),
        textStyle: { ...text, color: token('--y-text') }, axisPointer: { type: chart.kind === 'column' || chart.kind === 'bar' ? 'shadow' : 'line' },
      },
      legend: { show: chart.series.length > 1 || chart.kind === 'pie', type: 'scroll', bottom: 4, icon: 'roundRect', itemWidth: 12, itemHeight: 8, textStyle: text, pageTextStyle: text, pageIconColor: token('--y-accent'), pageIconInactiveColor: token('--y-line-strong') },
    };
    const lines = { splitLine: { lineStyle: { color: token('--y-line') } }, axisLine: { lineStyle: { color: token('--y-line-strong') } }, axisTick: { show: false }, axisLabel: { ...text, color: token('--y-text-3'), hideOverlap: true } };
    if (chart.kind === 'pie') {
      const first = chart.series[0]!;
      instance.current!.setOption({
        ...base,
        tooltip: { ...base.tooltip, formatter: (p: { name: string; value: number; percent: number }) => `${escape(p.name)}<br/><b>${count(p.value)}</b> (${p.percent} %)` },
        series: [{
          type: 'pie', radius: ['45%', '72%'], center: ['50%', '46%'], itemStyle: { borderColor: token('--y-surface'), borderWidth: 2, borderRadius: 4 },
          label: { ...text, formatter: (p: { name: string; percent: number }) => `${p.name}  ${p.percent} %` }, minShowLabelAngle: 6,
          data: first.points.map(([name, value]) => ({ name: String(name), value: value ?? 0 })),
        }],
      }, true);
      return;
    }
    const category = !chart.xIsTime && chart.categories.length > 0;
    const value = { type: 'value', ...lines, axisLine: { show: false }, axisLabel: { ...lines.axisLabel, formatter: (v: number) => new Intl.NumberFormat(i18n.language, { notation: 'compact' }).format(v) } };
    // One moment only: half an hour around it, where the library would show two days.
    const moments = chart.xIsTime ? new Set(chart.series.flatMap((one) => one.points.map(([x]) => Number(x)))) : new Set<number>();
    const [only] = moments.size === 1 ? moments : [];
    const bounds = only === undefined ? {} : { min: only - 1_800_000, max: only + 1_800_000 };
    const along = category
      ? { type: 'category', data: chart.categories, ...lines, splitLine: { show: false }, inverse: chart.kind === 'bar', axisLabel: { ...lines.axisLabel, width: 180, overflow: 'truncate' } }
      : { type: chart.xIsTime ? 'time' : 'value', ...lines, splitLine: { show: false }, scale: true, ...bounds };
    const flat = chart.kind === 'bar';
    instance.current!.setOption({
      ...base,
      tooltip: {
        ...base.tooltip,
        formatter: (given: unknown) => {
          const items = (Array.isArray(given) ? given : [given]) as { axisValue: number | string; seriesName: string; color: string; value: [number | string, number | null] | number }[];
          const x = chart.xIsTime ? time(Number(items[0]?.axisValue)) : String(items[0]?.axisValue ?? '');
          const rows = items
            .map((item) => ({ ...item, y: Array.isArray(item.value) ? item.value[flat ? 0 : 1] : item.value }))
            .filter((item) => item.y !== null && item.y !== undefined)
            .sort((a, b) => Number(b.y) - Number(a.y))
            .slice(0, 14)
            .map((item) => `<span style="display:inline-block;width:9px;height:9px;border-radius:2px;margin-right:6px;background:${item.color}"></span>${escape(item.seriesName)} <b style="float:right;margin-left:18px">${count(item.y)}</b>`);
          return `<div style="margin-bottom:3px;opacity:.8">${escape(x)}</div>${rows.join('<br/>')}`;
        },
      },
      grid: { left: 12, right: 22, top: 22, bottom: base.legend.show ? 38 : 12, containLabel: true },
      xAxis: flat ? value : along,
      yAxis: flat ? along : value,
      dataZoom: chart.xIsTime ? [{ type: 'inside', filterMode: 'none' }] : [],
      series: chart.series.map((one) => ({
        name: one.name,
        type: flat || chart.kind === 'column' ? 'bar' : chart.kind === 'scatter' ? 'scatter' : 'line',
        stack: chart.stacked ? 'all' : undefined,
        barMaxWidth: 44, barCategoryGap: chart.histogram ? '12%' : '28%', barGap: '8%',
        itemStyle: flat || chart.kind === 'column' ? { borderRadius: chart.stacked && !chart.histogram ? 0 : flat ? [0, 3, 3, 0] : [3, 3, 0, 0] } : undefined,
        showSymbol: chart.kind === 'scatter' || one.points.length < 40, symbolSize: chart.kind === 'scatter' ? 8 : 5,
        lineStyle: { width: 2 }, areaStyle: chart.kind === 'area' ? { opacity: 0.25 } : undefined,
        emphasis: { focus: chart.series.length > 1 ? 'series' : 'none' },
        data: flat ? one.points.map(([x, y]) => [y, x]) : one.points,
      })),
    } as never, true);
  }, [chart, scheme, utc, i18n.language]);

  return <div ref={host} className={css.chart} data-testid="chart" />;
}
