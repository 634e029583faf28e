/** What `npm start` does: install, bundle the program, build the dashboard, run the pipeline, serve until Ctrl-C. */
import { join } from 'node:path';
import { ensureBundle } from './bundle.mjs';
import { ensureDashboard } from './dashboard.mjs';
import { ensureInstalled, pinnedNode, root } from './install.mjs';
import { Failure, runForeground, runScript, say } from './processes.mjs';

/** A bundle is a help and no duty: without one the program runs from its sources. */
async function bundleIfPossible() {
  try {
    await ensureBundle(() => say('Bundling the program.'));
  } catch (thrown) {
    if (!(thrown instanceof Failure)) throw thrown;
    say(`${thrown.output}\n${thrown.message} It runs from its sources.`);
  }
}

await runScript(async () => {
  const args = process.argv.slice(2);
  const serves = !args.includes('--no-serve');
  await ensureInstalled({ dev: false });
  await bundleIfPossible();
  if (serves) await ensureDashboard(() => say('Building the dashboard.'));
  const command = [join(root, 'bin', 'millrace'), 'run', ...(serves ? ['--serve'] : []), ...args];
  // npm runs scripts in the clone; paths that a person types are relative to where they typed them.
  return runForeground(pinnedNode, command, { cwd: process.env.INIT_CWD ?? process.cwd() });
});
