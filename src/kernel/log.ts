/** The structured log: JSON lines on stderr, readable text when stderr is a terminal; stdout belongs to results. */
import { type Logger, pino } from 'pino';
import pinoPretty from 'pino-pretty';

export type { Logger };

/** How much is logged, and in which form. */
export interface LogOptions {
  readonly level: 'silent' | 'error' | 'warn' | 'info' | 'debug';
  readonly pretty: boolean;
}

/** Opens a logger that writes to stderr at once, so that nothing is lost when the process dies. */
export function createLogger(options: LogOptions): Logger {
  const stream = options.pretty
    ? pinoPretty({ destination: 2, sync: true, colorize: true, ignore: 'pid,hostname', translateTime: 'SYS:HH:MM:ss' })
    : pino.destination({ dest: 2, sync: true });
  return pino({ level: options.level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, stream);
}
