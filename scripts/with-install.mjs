/** Runs a program of the project on the pinned Node, after installing what is missing: `with-install.mjs FILE ARGS`. */
import { ensureInstalled, pinnedNode, root } from './install.mjs';
import { runForeground, runScript } from './processes.mjs';

await runScript(async () => {
  await ensureInstalled();
  return runForeground(pinnedNode, process.argv.slice(2), { cwd: root });
});
