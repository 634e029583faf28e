/** Settings: where they come from, which one wins, and what a wrong one is told without telling a secret. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { makeFolder } from '../../tests/setup/fixtures.ts';
import { loadConfig } from './config.ts';
import { MillraceError } from './errors.ts';

function cloneWith(dotEnv?: string): string {
  const folder = makeFolder();
  if (dotEnv !== undefined) writeFileSync(join(folder, '.env'), dotEnv);
  return folder;
}

function failure(environment: Record<string, string>, dotEnv?: string): MillraceError {
  try {
    loadConfig(environment, cloneWith(dotEnv));
  } catch (thrown) {
    if (thrown instanceof MillraceError) return thrown;
    throw thrown;
  }
  throw new Error('the settings were taken');
}

describe('settings', () => {
  test('have defaults, and are frozen', () => {
    const root = cloneWith();
    const config = loadConfig({ PATH: '/bin' }, root);
    expect(config).toMatchObject({
      home: join(root, 'data'),
      databaseUrl: undefined,
      host: '127.0.0.1',
      port: 4600,
      currency: 'USD',
      timeZone: 'UTC',
      lockSeconds: 300,
      rulesFile: undefined,
      maxErrorRate: 0.2,
    });
    expect(Object.isFrozen(config) && Object.isFrozen(config.duckdb)).toBe(true);
  });

  test('come from the environment before .env', () => {
    const root = cloneWith('MILLRACE_PORT=4700\nSHOP_CURRENCY="EUR" # the shop is in Vienna\nMILLRACE_HOME=shop\n');
    expect(loadConfig({ MILLRACE_PORT: '4800' }, root)).toMatchObject({
      port: 4800,
      currency: 'EUR',
      home: join(root, 'shop'),
    });
  });

  test('a rules file is found from the clone', () => {
    const root = cloneWith('MILLRACE_RULES=shop/rules.yml\nMILLRACE_MAX_ERROR_RATE=0');
    expect(loadConfig({}, root)).toMatchObject({ rulesFile: join(root, 'shop/rules.yml'), maxErrorRate: 0 });
    expect(loadConfig({ MILLRACE_RULES: '/etc/rules.yml' }, root).rulesFile).toBe('/etc/rules.yml');
  });

  test('sizes and origins of the collector are read', () => {
    expect(loadConfig({}, cloneWith()).collector).toEqual({
      origins: [],
      rate: 5000,
      burst: 20_000,
      seconds: 30,
      events: 50_000,
      minFreeBytes: 512 * 2 ** 20,
      memoryBytes: 64 * 2 ** 20,
    });
    const given = {
      MILLRACE_COLLECT_ORIGINS: 'https://shop.example, http://127.0.0.1:8080,',
      MILLRACE_COLLECT_MIN_FREE: '1.5 GB',
      MILLRACE_COLLECT_MEMORY: '200kib',
    };
    expect(loadConfig(given, cloneWith()).collector).toMatchObject({
      origins: ['https://shop.example', 'http://127.0.0.1:8080'],
      minFreeBytes: 1_500_000_000,
      memoryBytes: 204_800,
    });
    for (const origin of [
      '*',
      'shop.example',
      'https://shop.example/',
      'https://shop.example/a',
      'ftp://shop.example',
    ]) {
      expect(failure({ MILLRACE_COLLECT_ORIGINS: origin }).code).toBe('MR-CFG-002');
    }
  });

  test('an empty value gives the default', () => {
    expect(loadConfig({ MILLRACE_PORT: '', DATABASE_URL: '' }, cloneWith())).toMatchObject({
      port: 4600,
      databaseUrl: undefined,
    });
  });

  test.each([
    ['MILLRACE_HOEM', 'MILLRACE_HOME'],
    ['MILLRACE_DUCKDB_THREAD', 'MILLRACE_DUCKDB_THREADS'],
    ['MILLRACE_LOGLEVEL', 'MILLRACE_LOG_LEVEL'],
  ])('the unknown %s is told as %s, from the environment and from .env', (wrong, right) => {
    for (const error of [failure({ [wrong]: 'x' }), failure({}, `${wrong}=x\n`)]) {
      expect(error).toMatchObject({ code: 'MR-CFG-001', exitCode: 2 });
      expect(error.message).toContain(wrong);
      expect(error.remedy).toContain(right);
    }
  });

  test.each([
    ['MILLRACE_PORT', '70000'],
    ['MILLRACE_PORT', '46o0'],
    ['MILLRACE_LOG_LEVEL', 'loud'],
    ['MILLRACE_DUCKDB_MEMORY', 'lots'],
    ['MILLRACE_DUCKDB_THREADS', '0'],
    ['MILLRACE_LOCK_SECONDS', '99999999'],
    ['MILLRACE_MAX_ERROR_RATE', '20 %'],
    ['MILLRACE_MAX_ERROR_RATE', '1.5'],
    ['SHOP_CURRENCY', 'euro'],
    ['SHOP_TIMEZONE', 'Europe/Nowhere'],
  ])('%s=%s is refused with its name and value', (name, value) => {
    const error = failure({ [name]: value });
    expect(error).toMatchObject({ code: 'MR-CFG-002', exitCode: 2 });
    expect(error.message).toContain(name);
    expect(error.message).toContain(JSON.stringify(value));
  });

  test.each(['a"b', 'a$b', 'a`b', 'a\\b', 'a\nb'])(
    'a home named %j is refused for the embedded server and taken with another',
    (name) => {
      const MILLRACE_HOME = `/homes/${name}`;
      const error = failure({ MILLRACE_HOME });
      expect(error).toMatchObject({ code: 'MR-CFG-002', exitCode: 2 });
      expect(error.message).toContain(JSON.stringify(MILLRACE_HOME));
      const DATABASE_URL = 'postgres://127.0.0.1/shop';
      expect(loadConfig({ MILLRACE_HOME, DATABASE_URL }, cloneWith()).home).toBe(MILLRACE_HOME);
    },
  );

  test.each([
    ['DATABASE_URL', 'mysql://admin:hunter2@db/shop', 'hunter2'],
    ['PSEUDONYM_KEY', 'short-secret', 'short-secret'],
  ])('a wrong %s is refused without telling it', (name, value, secret) => {
    const error = failure({ [name]: value });
    expect(error).toMatchObject({ code: 'MR-CFG-002' });
    expect(error.message).toContain(name);
    expect(JSON.stringify([error.message, error.remedy, error.details])).not.toContain(secret);
  });

  test('an .env that cannot be read is an error of its own', () => {
    const root = cloneWith();
    mkdirSync(join(root, '.env'));
    expect(() => loadConfig({}, root)).toThrow(expect.objectContaining({ code: 'MR-CFG-003', exitCode: 2 }));
  });
});
