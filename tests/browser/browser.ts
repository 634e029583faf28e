/** The dashboard as its users meet it: a server on a home, and a Chromium that looks at it. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { type Browser, chromium } from 'playwright-core';

const program = join(import.meta.dirname, '..', '..', 'bin', 'millrace');

/** A running `millrace serve`. */
export interface Server {
  readonly address: string;
  /** Ends it as Ctrl-C does; gives its exit code. */
  stop(): Promise<number | null>;
}

/** Starts `millrace serve` on a free port; settings come from `env` alone. Rejects when it ends before it listens. */
export function startServer(env: Readonly<Record<string, string>>): Promise<Server> {
  const child = spawn(program, ['serve', '--port', '0'], {
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
  const stop = (): Promise<number | null> => {
    child.kill('SIGINT');
    return ended;
  };
  return new Promise((resolve, reject) => {
    let said = '';
    child.on('error', reject);
    child.on('close', () => reject(new Error(`the server ended: ${said}`)));
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      const address = /The dashboard is at (\S+)/.exec(said)?.[1];
      if (address) resolve({ address, stop });
    });
  });
}

/** Starts Chromium without a window and without its own traffic. */
export const startBrowser = (executablePath: string): Promise<Browser> =>
  chromium.launch({
    executablePath,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--no-first-run',
    ],
  });
