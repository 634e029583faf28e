/** Preloaded into a process that is measured: writes the most memory it ever had resident, in bytes, to BENCH_PEAK_FILE. */
import { readFileSync, writeFileSync } from 'node:fs';

/** Linux keeps the peak of the program itself; the general figure may there be that of the process that started it. */
function peakBytes(): number {
  if (process.platform !== 'linux') return process.resourceUsage().maxRSS * 1024;
  const kibibytes = /^VmHWM:\s*(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
  return Number(kibibytes) * 1024;
}

process.on('exit', () => {
  const { BENCH_PEAK_FILE } = process.env;
  if (BENCH_PEAK_FILE) writeFileSync(BENCH_PEAK_FILE, String(peakBytes()));
});
