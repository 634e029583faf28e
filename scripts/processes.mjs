/** Child processes of the scripts: in the foreground as if they were this one, or captured with what they print. */
import { spawn } from 'node:child_process';

/** @typedef {{ code: number | null, signal: NodeJS.Signals | null }} Ending How a process ended. */

/** @type {readonly NodeJS.Signals[]} */
const forwarded = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/** What a person can mend: printed without a stack, with the output of the program that failed. */
export class Failure extends Error {
  /**
   * @param {string} message
   * @param {string} output
   */
  constructor(message, output = '') {
    super(message);
    this.output = output.trim();
  }
}

class Interrupted extends Error {
  /** @param {NodeJS.Signals} signal */
  constructor(signal) {
    super(`interrupted by ${signal}`);
    this.signal = signal;
  }
}

/**
 * Tells a person what is going on, where it does not mix with results.
 * @param {string} line
 */
export const say = (line) => process.stderr.write(`${line}\n`);

/**
 * Ends this process as another one ended: same exit code, or same signal.
 * @param {Ending} ending
 */
function endLike({ code, signal }) {
  if (signal === null) process.exitCode = code ?? 1;
  else process.kill(process.pid, signal);
}

/**
 * Calls `handle` for each signal that asks this process to end, until the function that comes back is called.
 * @param {(signal: NodeJS.Signals) => void} handle
 */
function onSignals(handle) {
  for (const signal of forwarded) process.on(signal, handle);
  return () => {
    for (const signal of forwarded) process.off(signal, handle);
  };
}

/**
 * Hands a signal on to the child. Ctrl-C, and whatever else signals a whole process group, reaches the child as well,
 * and a second signal may end a program that is just closing: it gets the signal only if it still runs a second later.
 * @param {import('node:child_process').ChildProcess} child
 * @param {NodeJS.Signals} signal
 */
const forward = (child, signal) => setTimeout(() => child.kill(signal), 1000).unref();

/**
 * Runs a Node program on this terminal and hands signals on to it. The channel between the two tells the child when
 * this process is gone, however it went.
 * @param {string} node
 * @param {readonly string[]} args
 * @param {{ cwd?: string }} options
 * @returns {Promise<Ending>}
 */
export function runForeground(node, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(node, args, { ...options, stdio: ['inherit', 'inherit', 'inherit', 'ipc'] });
    const release = onSignals((signal) => forward(child, signal));
    child.on('error', (error) => {
      release();
      reject(error);
    });
    child.on('exit', (code, signal) => {
      release();
      resolve({ code, signal });
    });
  });
}

/**
 * @param {number | undefined} group
 * @param {NodeJS.Signals} signal
 */
function killGroup(group, signal) {
  if (group === undefined) return;
  try {
    process.kill(-group, signal);
  } catch {
    // It ended by itself in the meantime.
  }
}

/**
 * Runs a program with nothing on stdin and keeps what it prints, both streams in their order. It has a process group
 * of its own, which gets the signals that this process gets and five seconds to obey, and ends when its time is over.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv, seconds?: number, started?: (pid: number) => void }} options
 * @returns {Promise<{ ok: boolean, output: string }>}
 */
export function runCaptured(command, args, { cwd, env, seconds = 900, started } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
    /** @type {Buffer[]} */
    const chunks = [];
    /** @type {NodeJS.Signals | undefined} */
    let interruption;
    const release = onSignals((signal) => {
      killGroup(child.pid, interruption ? 'SIGKILL' : signal);
      interruption ??= signal;
      setTimeout(() => killGroup(child.pid, 'SIGKILL'), 5000).unref();
    });
    const limit = setTimeout(() => {
      chunks.push(Buffer.from(`\nStopped: not finished after ${seconds} s.\n`));
      killGroup(child.pid, 'SIGKILL');
    }, seconds * 1000);
    /** @param {string} text */
    const finish = (text) => {
      clearTimeout(limit);
      release();
      if (text) chunks.push(Buffer.from(text));
    };
    child.stdout.on('data', (chunk) => chunks.push(chunk));
    child.stderr.on('data', (chunk) => chunks.push(chunk));
    child.on('error', (error) => {
      finish(`${command}: ${error.message}\n`);
      resolve({ ok: false, output: Buffer.concat(chunks).toString() });
    });
    child.on('close', (code) => {
      finish('');
      if (interruption) reject(new Interrupted(interruption));
      else resolve({ ok: code === 0, output: Buffer.concat(chunks).toString() });
    });
    if (child.pid !== undefined) started?.(child.pid);
  });
}

/** Ends this process when npm has ended: the shell between the two does not hand on a signal that npm was sent. */
function endWithNpm() {
  if (process.env.npm_lifecycle_event === undefined) return;
  const parent = process.ppid;
  const watch = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(watch);
    process.kill(process.pid, 'SIGTERM');
  }, 500);
  watch.unref();
}

/**
 * Runs the work of a script and ends the process as it says; a Failure is printed and ends with 2.
 * @param {() => Promise<Ending>} work
 */
export async function runScript(work) {
  endWithNpm();
  try {
    endLike(await work());
  } catch (thrown) {
    if (thrown instanceof Interrupted) return endLike({ code: null, signal: thrown.signal });
    if (!(thrown instanceof Failure)) throw thrown;
    say(thrown.output ? `${thrown.output}\n${thrown.message}` : thrown.message);
    process.exitCode = 2;
  }
}
