/** Writes the events of a sample with lines at fault among them, and lists in a manifest which line is which. */
import type { CsvFile } from '../csv.ts';
import type { Random } from '../random.ts';
import { createRotation } from '../rotation.ts';
import { type CleanEvent, type EventDefect, eventDefects } from './event-defects.ts';
import type { EventFile, FileLayout } from './event-files.ts';
import { type EventLine, idSource } from './event-line.ts';

/** The columns of the list: a row per line that is not plainly loaded, or that is noticed. */
export const eventManifestHeader = ['file', 'line', 'outcome', 'rules', 'planted'] as const;

/** Takes the events of a sample, day by day. */
export interface EventSink {
  /** How the next file is written. */
  readonly layout: () => FileLayout;
  /** Writes a day into its file. `name` is the file's name in the manifest, `day` days since 1970-01-01. */
  readonly day: (file: EventFile, name: string, day: number, lines: readonly EventLine[]) => void;
  /** Writes what was held back to the end. */
  readonly end: (file: EventFile, name: string) => void;
}

/** Writes everything as it is. */
export const cleanEventSink: EventSink = {
  layout: () => ({ byteOrderMark: false, lineEnd: '\n' }),
  day(file, _, __, lines) {
    for (const { text } of lines) file.add(text);
  },
  end() {},
};

/** A line that comes later than it should, as what it will be listed. */
interface HeldLine {
  readonly line: string;
  readonly outcome: 'duplicate' | 'conflict' | 'late';
  readonly rules: string;
  readonly planted: string;
}

/** What happens at a line of a sample. */
type Incident = EventDefect | 'duplicate' | 'conflict' | 'late';

const conflictRule = 'events.event_id.unique';
/** A late event comes so many days later: never in the file of its own month. */
const leastDelay = 32;
const mostDelay = 80;
/** The share of copies that come on the same day; the others come up to `mostDelay` days later. */
const promptShare = 0.5;
const blankLineShare = 0.002;
const blankLines = ['', ' ', '\t', '    '];

const layouts: readonly FileLayout[] = [
  { byteOrderMark: false, lineEnd: '\n' },
  { byteOrderMark: true, lineEnd: '\n' },
  { byteOrderMark: false, lineEnd: '\r\n' },
  { byteOrderMark: true, lineEnd: '\r\n' },
];

/** The event with the same id, and another device. */
function contradict(event: CleanEvent): string {
  const device = event.device_type === 'tablet' ? 'desktop' : 'tablet';
  return JSON.stringify({ ...event, device_type: device });
}

/**
 * Gives about `rate` of the events a line at fault beside them; the events themselves stay as they are, but for those that
 * come late. `lastDay` is the last day of the sample.
 */
export function createEventDirt(random: Random, rate: number, lastDay: number, manifest: CsvFile): EventSink {
  const rotate = createRotation<Incident>(random, [...eventDefects, 'duplicate', 'conflict', 'late']);
  const newId = idSource(random);
  const held = new Map<number, HeldLine[]>();
  const written = new Set<EventDefect>();
  let files = 0;

  const hold = (day: number, line: HeldLine): void => {
    const due = Math.min(day, lastDay + 1);
    const waiting = held.get(due);
    if (waiting) waiting.push(line);
    else held.set(due, [line]);
  };
  /** Lists the line that was written last. */
  const list = (file: EventFile, name: string, outcome: string, rules: string, planted: string): void =>
    manifest.add([name, file.lines, outcome, rules, planted]);

  const writeHeld = (file: EventFile, name: string, day: number): void => {
    for (const { line, outcome, rules, planted } of held.get(day) ?? []) {
      file.add(line);
      list(file, name, outcome, rules, planted);
    }
    held.delete(day);
  };

  const drawDelay = (): number => (random.chance(promptShare) ? 0 : random.integer(1, mostDelay));

  const spoil = (file: EventFile, name: string, event: CleanEvent, defect: EventDefect): true | undefined => {
    if (defect.isLarge && written.has(defect)) return true;
    const faulty = defect.write(random, { ...event, event_id: newId('EVT_') });
    if (!faulty) return undefined;
    written.add(defect);
    file.add(faulty.line);
    list(file, name, defect.outcome, defect.rules.join('+'), faulty.planted);
    return true;
  };

  /** Writes an event, and what happens beside it. */
  const writeWith = (file: EventFile, name: string, day: number, { text }: EventLine): void => {
    const event: CleanEvent = JSON.parse(text);
    const planted = String(event.event_id);
    const incident = rotate((each) => {
      if (each === 'late') return day + mostDelay <= lastDay ? each : undefined;
      if (typeof each === 'string') return each;
      return spoil(file, name, event, each);
    });
    if (incident === 'late') {
      hold(day + random.integer(leastDelay, mostDelay), { line: text, outcome: 'late', rules: '', planted });
      return;
    }
    file.add(text);
    if (incident === 'duplicate') hold(day + drawDelay(), { line: text, outcome: 'duplicate', rules: '', planted });
    if (incident === 'conflict') {
      hold(day + drawDelay(), { line: contradict(event), outcome: 'conflict', rules: conflictRule, planted });
    }
  };

  return {
    layout() {
      files += 1;
      return layouts[(files - 1) % layouts.length] as FileLayout;
    },
    day(file, name, day, lines) {
      for (const line of lines) {
        if (random.chance(blankLineShare)) file.add(random.pick(blankLines));
        if (random.chance(rate)) writeWith(file, name, day, line);
        else file.add(line.text);
      }
      writeHeld(file, name, day);
    },
    end: (file, name) => writeHeld(file, name, lastDay + 1),
  };
}
