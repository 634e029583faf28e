/** Events over HTTP to the disk: how many a second one core acknowledges, and how long a batch waits for it. */
import { join } from 'node:path';
import { canPin, type Load, type Measurement, measureCollector } from '../collector.ts';
import type { Measured, Skipped } from '../result.ts';
import type { Bench, Row } from '../row.ts';

const load: Load = { connections: 8, batches: 2_000, size: 100 };
/** A round takes seconds; three tell enough. */
const mostRounds = 3;

const milliseconds = (seconds: number): string => `${(seconds * 1000).toFixed(1)} ms`;

function tell(bench: Bench, { eventsPerSecond, p50, p99, fsyncs }: Measurement): void {
  const rate = Math.round(eventsPerSecond).toLocaleString('en-US');
  bench.say(`${rate} events/s, p50 ${milliseconds(p50)}, p99 ${milliseconds(p99)}, ${fsyncs} fsyncs`);
}

async function measure(bench: Bench): Promise<readonly (Measured | Skipped)[]> {
  if (!canPin()) return [{ what: 'collector', skipped: 'there is no taskset to bind it to one core' }];
  const rounds: Measurement[] = [];
  while (rounds.length < Math.min(bench.rounds, mostRounds)) {
    const measured = await measureCollector(join(bench.folder, `round-${rounds.length}`, 'collector'), load);
    tell(bench, measured);
    rounds.push(measured);
  }
  return [
    {
      what: '20,000 events in batches of 100, acknowledged durably on one core',
      unit: 's',
      ours: rounds.map(({ eventsPerSecond }) => 20_000 / eventsPerSecond),
      aim: { kind: 'limit', atMost: 1 },
    },
    {
      what: 'the same: wait of 99 in 100 batches',
      unit: 's',
      ours: rounds.map(({ p99 }) => p99),
      aim: { kind: 'limit', atMost: 0.1 },
    },
  ];
}

/** The row. */
export const collectorLoad: Row = {
  name: 'collector',
  description: 'events over HTTP to the disk, with the collector bound to one core',
  measure,
};
