/** What `npm start` does: install, build the dashboard, run the pipeline, serve until Ctrl-C. */
import { join } from 'node:path';
import { ensureDashboard } from './dashboard.mjs';
import { ensureInstalled, pinnedNode, root } from './install.mjs';
import { runForeground, runScript, say } from './processes.mjs';

await runScript(async () => {
  const args = process.argv.slice(2);
  const serves = !args.includes('--no-serve');
  await ensureInstalled({ dev: false });
  if (serves) await ensureDashboard(() => say('Building the dashboard.'));
  const command = [join(root, 'bin', 'millrace'), 'run', ...(serves ? ['--serve'] : []), ...args];
  // npm runs scripts in the clone; paths that a person types are relative to where they typed them.
  return runForeground(pinnedNode, command, { cwd: process.env.INIT_CWD ?? process.cwd() });
});
