/** Rules of style that the linter cannot hold: a first sentence, and no clock, chance or settings that were not passed in. */
import { type SourceFiles, visit } from './source.ts';

/** The places that may ask the machine for the hour, for chance and for the environment; tests set them. */
const mayAskTheMachine = (path: string): boolean =>
  !path.startsWith('src/') || path === 'src/main.ts' || path.startsWith('src/kernel/') || /\.test\.tsx?$/.test(path);

const beginsWithSentence = (text: string): boolean => /^\/\*\*\s(?:(?!\*\/)[\s\S])*[.?!]\s*\*\//.test(text);

function machineQuestions(path: string, text: string): readonly string[] {
  const found: string[] = [];
  const nameOf = (start: number, end: number): string => text.slice(start, end).replaceAll(/\s/g, '');
  visit(path, text, {
    NewExpression(node) {
      if (nameOf(node.callee.start, node.callee.end) === 'Date' && node.arguments.length === 0)
        found.push('new Date()');
    },
    CallExpression(node) {
      const callee = nameOf(node.callee.start, node.callee.end);
      if (['Date', 'Date.now', 'Math.random'].includes(callee)) found.push(`${callee}()`);
    },
    MemberExpression(node) {
      if (nameOf(node.start, node.end) === 'process.env') found.push('process.env');
    },
    ImportDeclaration(node) {
      const names = node.specifiers.map((specifier) => specifier.local.name);
      if (node.source.value === 'node:process' && names.includes('env')) found.push('process.env');
    },
  });
  return found;
}

/** Every breach of a habit, as 'path: what'. Sentences are asked of every file, the rest of src/. */
export function brokenHabits(files: SourceFiles): readonly string[] {
  return [...files].flatMap(([path, text]) => {
    const sentence = beginsWithSentence(text) ? [] : ['does not begin with one sentence in /** */'];
    const asks = mayAskTheMachine(path) ? [] : machineQuestions(path, text);
    return [...sentence, ...asks].map((problem) => `${path}: ${problem}`);
  });
}
