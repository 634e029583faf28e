/** The order of the rooms, and what breaks it: imports against the order, and cycles. */
import { type ImportGraph, importGraph, type SourceFiles } from './source.ts';

/** The rooms of src/ in the order of docs/architecture.md: each imports only those below it. */
export const rooms: readonly string[] = [
  'main.ts',
  'cli',
  'server',
  'pipeline',
  'exports',
  'metrics',
  'publish',
  'transform',
  'ingest',
  'shop',
  'generate',
  'contracts',
  'audit',
  'stores',
  'kernel',
];

const isTest = (path: string): boolean => /\.test\.tsx?$/.test(path);

function problemWithin(from: readonly string[], to: readonly string[]): string | undefined {
  const [fromRoom = '', fromFolder] = from;
  const [toRoom = '', toFolder] = to;
  for (const room of [fromRoom, toRoom]) if (!rooms.includes(room)) return `src/${room} is not a room`;
  if (fromRoom === toRoom) {
    return fromRoom === 'stores' && fromFolder !== toFolder ? 'one store imports another' : undefined;
  }
  return rooms.indexOf(fromRoom) < rooms.indexOf(toRoom) ? undefined : `${toRoom} is not below ${fromRoom}`;
}

function problemOf(from: string, to: string): string | undefined {
  const [fromArea, ...fromPath] = from.split('/');
  const [toArea = '', ...toPath] = to.split('/');
  if (fromArea === 'web') return toArea === 'web' ? undefined : 'the dashboard imports only its own files';
  if (fromArea !== 'src') return undefined;
  if (toArea === 'src') return problemWithin(fromPath, toPath);
  if (isTest(from) && toArea === 'tests') return undefined;
  return ['web', 'tests', 'bench', 'scripts'].includes(toArea) ? `src imports nothing from ${toArea}` : undefined;
}

/** The first cycle that is met on the ways from a file, as its files in order. */
function cycleFrom(start: string, graph: ImportGraph, done: Set<string>): readonly string[] | undefined {
  const way: string[] = [];
  const follow = (path: string): readonly string[] | undefined => {
    if (way.includes(path)) return [...way.slice(way.indexOf(path)), path];
    if (done.has(path)) return undefined;
    way.push(path);
    for (const next of graph.get(path) ?? []) {
      const cycle = follow(next);
      if (cycle) return cycle;
    }
    way.pop();
    done.add(path);
    return undefined;
  };
  return follow(start);
}

/** One cycle of imports between files, such as 'a.ts -> b.ts -> a.ts', or none. */
export function findCycle(files: SourceFiles): string | undefined {
  const graph = importGraph(files);
  const done = new Set<string>();
  for (const path of graph.keys()) {
    const cycle = cycleFrom(path, graph, done);
    if (cycle) return cycle.join(' -> ');
  }
  return undefined;
}

/** Every import that a rule of the rooms forbids, as 'from -> to: reason'. */
export function forbiddenImports(files: SourceFiles): readonly string[] {
  return [...importGraph(files)].flatMap(([from, targets]) =>
    targets.flatMap((to) => {
      const problem = problemOf(from, to);
      return problem ? [`${from} -> ${to}: ${problem}`] : [];
    }),
  );
}
