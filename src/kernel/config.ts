/** Settings: unknown on the way in (environment and .env), checked against one schema, frozen on the way out. */
import { readFileSync } from 'node:fs';
import { isAbsolute, join, resolve } from 'node:path';
import { parseEnv } from 'node:util';
import { z } from 'zod';
import { isMissing, MillraceError, problemOf } from './errors.ts';
import { nearest } from './nearest.ts';

const timeZone = z.string().refine((name) => {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}, 'not a time zone such as Europe/Paris');

const port = z.coerce.number().int().min(0).max(65535);

const unitBytes: Readonly<Record<string, number>> = {
  B: 1,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KIB: 2 ** 10,
  MIB: 2 ** 20,
  GIB: 2 ** 30,
  TIB: 2 ** 40,
};

/** A size such as 512MiB, in bytes. */
const bytes = z.string().regex(/^\d+(\.\d+)?\s?(B|KB|MB|GB|TB|KiB|MiB|GiB|TiB)$/i, 'not a size such as 64MiB or 2GB');

const bytesOf = (size: string): number =>
  Math.round(Number.parseFloat(size) * (unitBytes[size.replace(/^[\d.\s]+/, '').toUpperCase()] ?? 1));

const isOrigin = (text: string): boolean =>
  /^https?:/.test(text) && URL.canParse(text) && new URL(text).origin === text;

const originsOf = (list: string): readonly string[] =>
  list
    .split(',')
    .map((origin) => origin.trim())
    .filter((origin) => origin !== '');

/** Every setting with its meaning, in the order of .env.example. */
const settings = {
  MILLRACE_HOME: z
    .string()
    .min(1)
    .optional()
    .describe('Where data, lake and published warehouse live. Default: data/ in the clone.'),
  DATABASE_URL: z
    .string()
    .regex(/^postgres(ql)?:\/\//, 'not a URL that begins with postgres://')
    .optional()
    .describe('A PostgreSQL 15 or newer to use. Default: an embedded one under MILLRACE_HOME.'),
  MILLRACE_PG_PORT: port
    .default(54600)
    .describe('The port the embedded PostgreSQL asks for; when it is taken, a free one is used.'),
  MILLRACE_HOST: z.string().min(1).default('127.0.0.1').describe('The address the dashboard listens on.'),
  MILLRACE_PORT: port.default(4600).describe('The port the dashboard listens on; 0 takes a free one.'),
  MILLRACE_DUCKDB_MEMORY: z
    .string()
    .regex(/^\d+(\.\d+)?\s?(KB|MB|GB|TB|KiB|MiB|GiB|TiB)$/i, 'not a size such as 256MiB or 2GB')
    .default('384MiB')
    .describe('The memory DuckDB may use; beyond it, it spills to MILLRACE_HOME/tmp.'),
  MILLRACE_DUCKDB_THREADS: z.coerce
    .number()
    .int()
    .min(1)
    .max(1024)
    .optional()
    .describe('The threads DuckDB uses. Default: one per core.'),
  MILLRACE_LOG_LEVEL: z
    .enum(['silent', 'error', 'warn', 'info', 'debug'])
    .default('warn')
    .describe('How much is logged to stderr: silent, error, warn, info or debug.'),
  MILLRACE_LOCK_SECONDS: z.coerce
    .number()
    .int()
    .min(1)
    .max(86_400)
    .default(300)
    .describe('How long a command waits for another one that changes the same home.'),
  MILLRACE_RULES: z
    .string()
    .min(1)
    .optional()
    .describe(
      'A YAML file that sets severities and thresholds of rules. Default: rules.yml in MILLRACE_HOME, if there.',
    ),
  MILLRACE_MAX_ERROR_RATE: z.coerce
    .number()
    .min(0)
    .max(1)
    .default(0.2)
    .describe('The greatest share of rows, 0 to 1, that may break rules of severity error before a batch is stopped.'),
  MILLRACE_COLLECT_ORIGINS: z
    .string()
    .refine((list) => originsOf(list).every(isOrigin), 'not a list of origins such as https://shop.example')
    .optional()
    .describe('The origins whose pages may send events, such as https://shop.example, separated by commas.'),
  MILLRACE_COLLECT_RATE: z.coerce
    .number()
    .int()
    .min(1)
    .default(5000)
    .describe('The events per second that the collector takes from one write key, in the long run.'),
  MILLRACE_COLLECT_BURST: z.coerce
    .number()
    .int()
    .min(1000)
    .default(20_000)
    .describe('The events that it takes at once from a write key that was quiet before; at least 1000.'),
  MILLRACE_COLLECT_SECONDS: z.coerce
    .number()
    .int()
    .min(1)
    .max(3600)
    .default(30)
    .describe('How long collected events wait at most until they are loaded as a batch.'),
  MILLRACE_COLLECT_EVENTS: z.coerce
    .number()
    .int()
    .min(1)
    .default(50_000)
    .describe('How many collected events make a batch before that time is over.'),
  MILLRACE_COLLECT_MIN_FREE: bytes
    .default('512MiB')
    .describe('The space that must be free on the disk of MILLRACE_HOME for the collector to take events.'),
  MILLRACE_COLLECT_MEMORY: bytes
    .default('64MiB')
    .describe('The bytes of requests that the collector holds at most while they wait to be written.'),
  SHOP_CURRENCY: z
    .string()
    .regex(/^[A-Z]{3}$/, 'not an ISO 4217 code such as EUR')
    .default('USD')
    .describe('The currency of all amounts, an ISO 4217 code.'),
  SHOP_TIMEZONE: timeZone
    .default('UTC')
    .describe('The IANA time zone of dates and times in CSV files, and of days, hours and weekends in figures.'),
  PSEUDONYM_KEY: z
    .string()
    .min(16, 'shorter than 16 characters')
    .optional()
    .describe('The key of email tokens. Default: made once and kept in MILLRACE_HOME/pseudonym.key.'),
} as const;

const schema = z.object(settings);

type SettingName = keyof typeof settings;

/** The settings of the event collector. */
export interface CollectorConfig {
  /** Origins whose pages may send events. */
  readonly origins: readonly string[];
  /** Events per second and write key, in the long run. */
  readonly rate: number;
  /** Events at once from a write key that was quiet before. */
  readonly burst: number;
  /** A segment is closed after so many seconds ... */
  readonly seconds: number;
  /** ... or when it has so many events. */
  readonly events: number;
  /** Bytes that must be free on the disk. */
  readonly minFreeBytes: number;
  /** Bytes of requests that may be held in memory. */
  readonly memoryBytes: number;
}

/** The settings of one process, resolved and frozen. */
export interface Config {
  /** Absolute path of the folder that holds everything Millrace keeps. */
  readonly home: string;
  readonly databaseUrl: string | undefined;
  readonly embeddedPort: number;
  readonly host: string;
  readonly port: number;
  readonly duckdb: { readonly memory: string; readonly threads: number | undefined };
  readonly logLevel: 'silent' | 'error' | 'warn' | 'info' | 'debug';
  readonly lockSeconds: number;
  /** Absolute path of the rules file that is named; undefined: rules.yml in the home, if it is there. */
  readonly rulesFile: string | undefined;
  /** A batch of which a greater share of rows breaks rules of severity error is stopped, 0 to 1. */
  readonly maxErrorRate: number;
  readonly collector: CollectorConfig;
  /** ISO 4217. */
  readonly currency: string;
  /** IANA name. */
  readonly timeZone: string;
  readonly pseudonymKey: string | undefined;
}

type Environment = Readonly<Record<string, string | undefined>>;

function readDotEnv(path: string): Environment {
  try {
    return parseEnv(readFileSync(path, 'utf8')) as Environment;
  } catch (thrown) {
    if (isMissing(thrown)) return {};
    throw new MillraceError('MR-CFG-003', { path, problem: problemOf(thrown) }, thrown);
  }
}

function refuseUnknown(environment: Environment): void {
  const known = Object.keys(settings);
  for (const name of Object.keys(environment)) {
    if (name.startsWith('MILLRACE_') && !known.includes(name)) {
      throw new MillraceError('MR-CFG-001', { name, nearest: nearest(name, known) });
    }
  }
}

/** pg_ctl hands the folder to a shell between double quotes, and PostgreSQL keeps it on one line of a file. */
function refuseForServer(home: string): void {
  if (!/["$`\\\r\n]/.test(home)) return;
  throw new MillraceError('MR-CFG-002', {
    name: 'MILLRACE_HOME',
    value: JSON.stringify(home),
    problem: 'without DATABASE_URL its path cannot have a double quote, dollar sign, backtick, backslash or line end',
  });
}

/** Names of settings whose value must not be repeated in a message. */
const secrets: readonly SettingName[] = ['DATABASE_URL', 'PSEUDONYM_KEY'];

/**
 * Reads the settings from the environment and, for what it lacks, from `root`/.env. An empty value counts as absent.
 * Relative MILLRACE_HOME and MILLRACE_RULES are taken from `root`. Errors: MR-CFG-001 to MR-CFG-003.
 */
export function loadConfig(environment: Environment, root: string): Config {
  const given: Environment = { ...readDotEnv(join(root, '.env')), ...environment };
  refuseUnknown(given);
  const present = Object.fromEntries(
    Object.keys(settings).flatMap((name) => (given[name] ? [[name, given[name]]] : [])),
  );
  const parsed = schema.safeParse(present);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    const name = String(issue?.path[0]) as SettingName;
    const value = secrets.includes(name) ? '(not shown)' : JSON.stringify(present[name]);
    throw new MillraceError('MR-CFG-002', { name, value, problem: issue?.message ?? 'not valid' });
  }
  const value = parsed.data;
  const named = value.MILLRACE_HOME ?? 'data';
  const home = isAbsolute(named) ? resolve(named) : resolve(root, named);
  if (!value.DATABASE_URL) refuseForServer(home);
  return Object.freeze({
    home,
    databaseUrl: value.DATABASE_URL,
    embeddedPort: value.MILLRACE_PG_PORT,
    host: value.MILLRACE_HOST,
    port: value.MILLRACE_PORT,
    duckdb: Object.freeze({ memory: value.MILLRACE_DUCKDB_MEMORY, threads: value.MILLRACE_DUCKDB_THREADS }),
    logLevel: value.MILLRACE_LOG_LEVEL,
    lockSeconds: value.MILLRACE_LOCK_SECONDS,
    rulesFile: value.MILLRACE_RULES === undefined ? undefined : resolve(root, value.MILLRACE_RULES),
    maxErrorRate: value.MILLRACE_MAX_ERROR_RATE,
    collector: Object.freeze({
      origins: originsOf(value.MILLRACE_COLLECT_ORIGINS ?? ''),
      rate: value.MILLRACE_COLLECT_RATE,
      burst: value.MILLRACE_COLLECT_BURST,
      seconds: value.MILLRACE_COLLECT_SECONDS,
      events: value.MILLRACE_COLLECT_EVENTS,
      minFreeBytes: bytesOf(value.MILLRACE_COLLECT_MIN_FREE),
      memoryBytes: bytesOf(value.MILLRACE_COLLECT_MEMORY),
    }),
    currency: value.SHOP_CURRENCY,
    timeZone: value.SHOP_TIMEZONE,
    pseudonymKey: value.PSEUDONYM_KEY,
  });
}

/** The text of .env.example: each setting with its meaning, commented out, with its default where it has one. */
export function renderEnvExample(): string {
  const entries = Object.entries(settings).map(([name, type]) => {
    const fallback = type.safeParse(undefined);
    const shown = fallback.success && fallback.data !== undefined ? String(fallback.data) : '';
    return `# ${type.description}\n# ${name}=${shown}\n`;
  });
  return `# Settings of Millrace. Copy to .env and uncomment what you change; the environment wins over this file.\n\n${entries.join('\n')}`;
}
