/** How the dashboard and the tracker are built into web/dist, and the dashboard served while it is being worked on. */
import { join, resolve } from 'node:path';
import react from '@vitejs/plugin-react';
import { build, defineConfig, type Plugin } from 'vite';

/** The tracker is a script of its own, for pages that know no modules of ours: built after the dashboard, beside it. */
function tracker(): Plugin {
  let outDir = '';
  return {
    name: 'tracker',
    apply: 'build',
    configResolved(config) {
      outDir = resolve(config.root, config.build.outDir);
    },
    async closeBundle() {
      const entry = join(import.meta.dirname, 'tracker', 'tracker.ts');
      await build({
        configFile: false,
        publicDir: false,
        logLevel: 'warn',
        build: {
          outDir,
          emptyOutDir: false,
          target: 'es2020',
          lib: { entry, formats: ['iife'], name: 'millraceTracker', fileName: () => 'tracker.js' },
        },
      });
    },
  };
}

export default defineConfig({
  plugins: [react(), tracker()],
  build: { outDir: 'dist', emptyOutDir: true, chunkSizeWarningLimit: 600 },
  server: { proxy: { '/api': 'http://127.0.0.1:4600' } },
});
