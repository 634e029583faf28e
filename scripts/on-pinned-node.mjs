/** Runs the program that this process was started as once more, on the pinned Node. */
import { existsSync } from 'node:fs';
import { pinnedNode, root } from './install.mjs';
import { Failure, runForeground, runScript } from './processes.mjs';

await runScript(async () => {
  if (!existsSync(pinnedNode))
    throw new Failure(`The pinned Node is missing: run \`npm ci\` (or \`npm start\`) in ${root}`);
  return runForeground(pinnedNode, process.argv.slice(1));
});
