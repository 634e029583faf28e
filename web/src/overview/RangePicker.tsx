/** The choice of the days to show: presets, and two dates that can be typed or picked. */
import { UnstyledButton } from '@mantine/core';
import { DateInput } from '@mantine/dates';
import type { DateRange } from '../api.ts';
import { isDate, presets, sameRange, withEnd } from '../range.ts';
import styles from './RangePicker.module.css';

interface RangePickerProps {
  /** Undefined until the default range is known. */
  readonly range: DateRange | undefined;
  /** The days with data; undefined until they are known. */
  readonly available: DateRange | undefined;
  readonly onRangeChange: (range: DateRange) => void;
}

function PresetButtons({ range, available, onRangeChange }: RangePickerProps) {
  const chosen = available && presets.find((preset) => sameRange(range, preset.rangeOf(available)));
  return (
    <fieldset className={styles.presets} aria-label="Range of days">
      {presets.map((preset) => (
        <UnstyledButton
          key={preset.id}
          className={styles.preset ?? ''}
          aria-pressed={preset === chosen}
          disabled={!available || preset.rangeOf(available).from < available.from}
          data-testid={`preset-${preset.id}`}
          onClick={() => available && onRangeChange(preset.rangeOf(available))}
        >
          {preset.startsWithLast && <span className={styles.last}>Last </span>}
          {preset.name}
        </UnstyledButton>
      ))}
    </fieldset>
  );
}

interface EndInputProps extends RangePickerProps {
  readonly end: 'from' | 'to';
  readonly label: string;
}

function EndInput({ end, label, range, available, onRangeChange }: EndInputProps) {
  return (
    <DateInput
      className={styles.date ?? ''}
      aria-label={label}
      data-testid={`range-${end}`}
      placeholder="YYYY-MM-DD"
      valueFormat="YYYY-MM-DD"
      dateParser={(text) => (isDate(text.trim()) ? text.trim() : null)}
      value={range?.[end] ?? null}
      disabled={range === undefined}
      firstDayOfWeek={1}
      weekendDays={[]}
      excludeDate={(date) => available !== undefined && (date < available.from || date > available.to)}
      onChange={(date) => range && date && onRangeChange(withEnd(range, end, date))}
    />
  );
}

/** Presets count from the last day with data; one that reaches back beyond the first is not offered. */
export function RangePicker(props: RangePickerProps) {
  return (
    <div className={styles.picker}>
      <PresetButtons {...props} />
      <div className={styles.dates}>
        <EndInput {...props} end="from" label="First day" />
        <span aria-hidden>–</span>
        <EndInput {...props} end="to" label="Last day" />
      </div>
    </div>
  );
}
