/** The docs blocks of a Markdown file, whose other text need not be a template. */
import { JinjaError } from './errors.ts';
import { parseTemplate, type Template } from './template.ts';

/** One `{% docs name %}` block. */
export interface DocsBlock {
  readonly name: string;
  /** The whole block, from its opening tag to its closing one. */
  readonly source: string;
  /** What is between the tags. */
  readonly contents: string;
  /** The line of the opening tag, from 1. */
  readonly line: number;
  /** The contents as a template; throws JinjaError where they are none. */
  read(): Template;
}

/** Comments and raw sections, which hold no blocks; and the opening tags of blocks. */
const parts = /\{#[\s\S]*?#\}|\{%-?\s*raw\s*-?%\}[\s\S]*?\{%-?\s*endraw\s*-?%\}|\{%-?\s*docs\s+([A-Za-z_]\w*)\s*-?%\}/g;
const closing = /\{%-?\s*enddocs\s*-?%\}/g;

const lineAt = (text: string, offset: number): number => text.slice(0, offset).split('\n').length;

/**
 * Reads the docs blocks of a file.
 * @throws JinjaError of kind TemplateSyntaxError for a block that is not closed.
 */
export function readDocsBlocks(text: string, file: string): readonly DocsBlock[] {
  const blocks: DocsBlock[] = [];
  parts.lastIndex = 0;
  for (let opening = parts.exec(text); opening; opening = parts.exec(text)) {
    const [tag, name] = opening;
    if (name === undefined) continue;
    const line = lineAt(text, opening.index);
    closing.lastIndex = opening.index + tag.length;
    const end = closing.exec(text);
    if (!end) {
      const message = `the docs block '${name}' is not closed: expected {% enddocs %}`;
      throw new JinjaError('TemplateSyntaxError', message, { place: { file, line } });
    }
    parts.lastIndex = closing.lastIndex;
    const contents = text.slice(opening.index + tag.length, end.index);
    const firstLine = lineAt(text, opening.index + tag.length);
    blocks.push({
      name,
      source: text.slice(opening.index, closing.lastIndex),
      contents,
      line,
      read: () => parseTemplate(contents, file, firstLine),
    });
  }
  return blocks;
}
