/** Which tests vitest runs, and how: all but the long ones, or with SLOW=1 only those. */
import { configDefaults, defineConfig } from 'vitest/config';

const rooms = '{src,tests,bench,scripts,web/src}/**';
const slow = process.env.SLOW === '1';

export default defineConfig({
  test: {
    environment: 'node',
    pool: 'forks',
    maxWorkers: 2,
    include: [slow ? `${rooms}/*.slow.test.ts` : `${rooms}/*.test.{ts,tsx}`],
    exclude: slow ? configDefaults.exclude : [...configDefaults.exclude, '**/*.slow.test.ts'],
    globalSetup: ['tests/setup/server.ts'],
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
});
