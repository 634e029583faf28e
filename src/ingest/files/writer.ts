/** Writes a new file in large pieces. */
import { closeSync, openSync, writeSync } from 'node:fs';

const bufferSize = 2 << 20;

/** A file for its owner alone that is written from its beginning to its end; `flush` before it is read. */
export class FileWriter {
  private readonly file: number;
  private readonly buffer = Buffer.allocUnsafe(bufferSize);
  private used = 0;

  /** There must be nothing at the path. */
  constructor(path: string) {
    this.file = openSync(path, 'wx', 0o600);
  }

  text(text: string): void {
    const bytes = Buffer.from(text);
    this.bytes(bytes, 0, bytes.length);
  }

  /** Latin-1 text of a few characters. */
  short(text: string): void {
    if (this.used + text.length > this.buffer.length) this.flush();
    this.used += this.buffer.write(text, this.used, 'latin1');
  }

  bytes(source: Buffer, start: number, end: number): void {
    if (this.used + end - start > this.buffer.length) this.flush();
    if (end - start > this.buffer.length) this.write(source, start, end);
    else this.used += source.copy(this.buffer, this.used, start, end);
  }

  private write(source: Buffer, start: number, end: number): void {
    for (let at = start; at < end; ) at += writeSync(this.file, source, at, end - at);
  }

  flush(): void {
    this.write(this.buffer, 0, this.used);
    this.used = 0;
  }

  close(): void {
    closeSync(this.file);
  }
}
