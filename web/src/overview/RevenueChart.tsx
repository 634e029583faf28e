/** The line of net revenue by day, drawn by ECharts on a canvas. */
import { useComputedColorScheme } from '@mantine/core';
import { LineChart } from 'echarts/charts';
import { GridComponent, TooltipComponent } from 'echarts/components';
import { type EChartsCoreOption, init, use } from 'echarts/core';
import { CanvasRenderer } from 'echarts/renderers';
import { useEffect, useRef } from 'react';
import type { DailySales } from '../api.ts';
import { count, fullDay, money, moneyInShort } from '../format.ts';
import { dayTicks } from './dayTicks.ts';
import styles from './RevenueChart.module.css';

use([LineChart, GridComponent, TooltipComponent, CanvasRenderer]);

interface RevenueChartProps {
  readonly daily: readonly DailySales[];
  readonly currency: string;
}

/** Pixels that a label of a day needs. */
const labelWidth = 56;

function colours(): (name: string) => string {
  const style = getComputedStyle(document.documentElement);
  return (name) => style.getPropertyValue(name).trim();
}

function tooltipOf(day: DailySales, currency: string): HTMLElement {
  const box = document.createElement('div');
  const line = (text: string, className: string | undefined): void => {
    const element = document.createElement('div');
    element.textContent = text;
    if (className) element.className = className;
    box.append(element);
  };
  line(fullDay(day.date), styles.day);
  line(money(day.netRevenue, currency), styles.amount);
  line(`${count(day.orders)} ${day.orders === 1 ? 'order' : 'orders'}`, styles.orders);
  return box;
}

function optionOf({ daily, currency }: RevenueChartProps, width: number): EChartsCoreOption {
  const colour = colours();
  const dates = daily.map((day) => day.date);
  const ticks = dayTicks(dates, Math.max(3, Math.floor((width - 60) / labelWidth)));
  const labels = { color: colour('--quiet'), fontSize: 12 };
  const hidden = { show: false };
  return {
    animation: false,
    textStyle: { fontFamily: getComputedStyle(document.body).fontFamily },
    grid: { left: 0, right: 4, top: 8, bottom: 0, outerBoundsMode: 'same', outerBoundsContain: 'axisLabel' },
    xAxis: [
      {
        type: 'category',
        data: dates,
        boundaryGap: false,
        position: 'bottom',
        axisLine: { onZero: false, show: false },
        axisTick: hidden,
        axisLabel: {
          ...labels,
          lineHeight: 16,
          margin: 10,
          hideOverlap: true,
          interval: (_index: number, date: string) => ticks.has(date),
          formatter: (date: string) => ticks.get(date) ?? '',
        },
      },
      {
        // A second axis, only to draw the line at zero while the labels stay below days that are negative.
        type: 'category',
        data: dates,
        boundaryGap: false,
        position: 'bottom',
        axisLine: { onZero: true, lineStyle: { color: colour('--quiet'), opacity: 0.5 } },
        axisTick: hidden,
        axisLabel: hidden,
        axisPointer: hidden,
      },
    ],
    yAxis: {
      type: 'value',
      splitNumber: 4,
      axisLabel: { ...labels, formatter: (value: number) => moneyInShort(value, currency) },
      splitLine: { lineStyle: { color: colour('--line') } },
    },
    tooltip: {
      trigger: 'axis',
      confine: true,
      transitionDuration: 0,
      padding: [8, 12],
      backgroundColor: colour('--card'),
      borderColor: colour('--line'),
      textStyle: { color: colour('--text'), fontSize: 13 },
      axisPointer: { type: 'line', lineStyle: { color: colour('--quiet'), type: 'solid', opacity: 0.6 } },
      formatter: (points: readonly { readonly dataIndex: number }[]) => {
        const day = daily[points[0]?.dataIndex ?? -1];
        return day ? tooltipOf(day, currency) : '';
      },
    },
    series: {
      type: 'line',
      data: daily.map((day) => day.netRevenue),
      showSymbol: daily.length === 1,
      symbol: 'circle',
      symbolSize: 7,
      itemStyle: { color: colour('--accent') },
      lineStyle: { width: daily.length > 200 ? 1.25 : 2, join: 'round' },
      areaStyle: { color: colour('--chart-area') },
      emphasis: { disabled: true },
    },
  };
}

/** Fills its parent and follows its size and the colour scheme. */
export function RevenueChart(props: RevenueChartProps) {
  const { daily, currency } = props;
  const box = useRef<HTMLDivElement>(null);
  const scheme = useComputedColorScheme('light');

  // biome-ignore lint/correctness/useExhaustiveDependencies: the colours that are read here change with the scheme
  useEffect(() => {
    const element = box.current;
    if (!element) return;
    const chart = init(element);
    const draw = (): void => chart.setOption(optionOf({ daily, currency }, element.clientWidth), { notMerge: true });
    draw();
    const observer = new ResizeObserver(() => {
      chart.resize();
      draw();
    });
    observer.observe(element);
    return () => {
      observer.disconnect();
      chart.dispose();
    };
  }, [daily, currency, scheme]);

  return <div ref={box} className={styles.chart} />;
}
