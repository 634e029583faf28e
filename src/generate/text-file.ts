/** Writes files under a temporary name and shows them under their own only when they are whole. */
import { type FileHandle, open, rename, rm } from 'node:fs/promises';

/** A file in the making. */
export interface DraftFile {
  /** The name the file will have. */
  readonly path: string;
  /** Writes the rest and closes, still under the temporary name. */
  finish(): Promise<void>;
  /** Gives the finished file its own name, in place of an earlier one. */
  reveal(): Promise<void>;
  /** Closes and removes what has not been revealed. */
  discard(): Promise<void>;
}

/** A file of text in the making. */
export interface TextFile extends DraftFile {
  /** Adds text as it stands. */
  add(text: string): void;
  /** Adds bytes that need not be text. */
  addBytes(bytes: Uint8Array): void;
  /** Writes to disk what has gathered, when that is worth a call. */
  drain(): Promise<void>;
}

/** What follows the name of a file that is not whole yet. */
export const draftEnding = '.partial';

const drainAbove = 262_144;

/** Starts a file beside `path`; what an earlier, killed writer left there is overwritten. */
export async function createTextFile(path: string): Promise<TextFile> {
  const temporary = `${path}${draftEnding}`;
  const handle: FileHandle = await open(temporary, 'w');
  let parts: Uint8Array[] = [];
  let gathered = '';
  const write = async (): Promise<void> => {
    const bytes = Buffer.concat([...parts, Buffer.from(gathered)]);
    parts = [];
    gathered = '';
    await handle.appendFile(bytes);
  };
  return {
    path,
    add(text) {
      gathered += text;
    },
    addBytes(bytes) {
      parts.push(Buffer.from(gathered), bytes);
      gathered = '';
    },
    async drain() {
      if (gathered.length > drainAbove) await write();
    },
    async finish() {
      await write();
      await handle.close();
    },
    reveal: () => rename(temporary, path),
    async discard() {
      await handle.close();
      await rm(temporary, { force: true });
    },
  };
}
