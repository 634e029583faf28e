/** What a shop adds to the contract of events: contract.yml in the home. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { isMissing, MillraceError, problemOf } from '../../kernel/errors.ts';
import { nearest } from '../../kernel/nearest.ts';
import {
  baseVersion,
  baseWords,
  type ContractExtension,
  type EventContract,
  type EventProperty,
  eventRules,
  makeEventContract,
  mostRules,
  propertyTypes,
} from './event-contract.ts';

type Entries = Readonly<Record<string, unknown>>;

/** The file under way: its path for messages, and the place within it. */
interface Place {
  readonly path: string;
  readonly place: string;
}

const wordLists = {
  event_types: 'eventTypes',
  device_types: 'deviceTypes',
  traffic_sources: 'trafficSources',
} as const;

const fileKeys = ['version', ...Object.keys(wordLists), 'properties'];
const propertyKeys = ['type', 'required_on', 'values', 'description'];

const isEntries = (value: unknown): value is Entries =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const within = ({ path, place }: Place, inner: string): Place => ({ path, place: place ? `${place}.${inner}` : inner });

const refuse = ({ path, place }: Place, problem: string): never => {
  throw new MillraceError('MR-EVT-003', { path, place: place || 'the top', problem });
};

function refuseUnknown({ path, place }: Place, word: string, known: readonly string[]): void {
  if (known.includes(word)) return;
  throw new MillraceError('MR-EVT-002', { path, place: place || 'the top', word, nearest: nearest(word, known) });
}

function readEntries(place: Place, value: unknown, known: readonly string[] | undefined): Entries {
  if (value === null || value === undefined) return {};
  if (!isEntries(value)) return refuse(place, 'names with what belongs to them are needed');
  for (const key of known ? Object.keys(value) : []) refuseUnknown(place, key, known ?? []);
  return value;
}

function readTexts(place: Place, value: unknown): readonly string[] {
  if (value === null || value === undefined) return [];
  if (!Array.isArray(value)) return refuse(place, 'a list of texts is needed');
  return value.map((each: unknown) => {
    if (typeof each !== 'string' || each.trim() === '') return refuse(place, `${JSON.stringify(each)} is no text`);
    return each;
  });
}

function readWords(place: Place, value: unknown, base: readonly string[]): readonly string[] {
  const words = readTexts(place, value);
  for (const word of words) {
    if (!/^[a-z][a-z0-9_]{0,63}$/.test(word))
      refuse(place, `${JSON.stringify(word)} is no word of a-z 0-9 _ that begins with a letter`);
  }
  return [...new Set([...base, ...words])];
}

function readProperty(place: Place, name: string, value: unknown, eventTypes: readonly string[]): EventProperty {
  if (!/^[A-Za-z][A-Za-z0-9_]{0,63}$/.test(name) || name in {})
    refuse(place, 'a name is of A-Z a-z 0-9 _ and begins with a letter');
  const { type, required_on, values, description } = readEntries(place, value, propertyKeys);
  if (typeof type !== 'string') return refuse(place, `type is missing: one of ${propertyTypes.join(', ')}`);
  refuseUnknown(within(place, 'type'), type, propertyTypes);
  const requiredOn = readTexts(within(place, 'required_on'), required_on);
  for (const each of requiredOn) refuseUnknown(within(place, 'required_on'), each, eventTypes);
  const words = readTexts(within(place, 'values'), values);
  if (words.length > 0 && type !== 'text') refuse(within(place, 'values'), 'only a text has a list of values');
  if (description !== undefined && typeof description !== 'string')
    refuse(within(place, 'description'), 'a text is needed');
  return {
    name,
    type: type as EventProperty['type'],
    requiredOn: [...new Set(requiredOn)],
    ...(words.length > 0 ? { values: [...new Set(words)] } : {}),
    description: typeof description === 'string' ? description : '',
  };
}

function readProperties(place: Place, value: unknown, eventTypes: readonly string[]): readonly EventProperty[] {
  const entries = Object.entries(readEntries(place, value, undefined));
  const names = new Map<string, string>();
  for (const [name] of entries) {
    const other = names.get(name.toLowerCase());
    if (other) refuse(within(place, name), `it differs from ${other} by capitals alone`);
    names.set(name.toLowerCase(), name);
  }
  return entries.map(([name, each]) => readProperty(within(place, name), name, each, eventTypes));
}

function refuseVersion({ path }: Place, version: unknown): void {
  if (version === undefined || version === baseVersion) return;
  if (typeof version !== 'number' || !Number.isInteger(version) || version < 1)
    refuse({ path, place: 'version' }, 'a whole number above 0 is needed');
  throw new MillraceError('MR-EVT-004', { path, version: String(version), known: baseVersion });
}

/**
 * The contract under the text of a contract file, YAML. `path` is for messages. Errors: MR-EVT-001 for a text that is no
 * YAML, MR-EVT-002 for an unknown word, MR-EVT-003 for a wrong value, MR-EVT-004 for a version that is yet to come.
 */
export function resolveEventContract(path: string, text: string): EventContract {
  let content: unknown;
  try {
    content = parse(text);
  } catch (thrown) {
    throw new MillraceError('MR-EVT-001', { path, problem: problemOf(thrown) }, thrown);
  }
  const top: Place = { path, place: '' };
  const file = readEntries(top, content, fileKeys);
  refuseVersion(top, file.version);
  const words = (key: keyof typeof wordLists): readonly string[] =>
    readWords(within(top, key), file[key], baseWords[wordLists[key]]);
  const eventTypes = words('event_types');
  const extension: ContractExtension = {
    eventTypes,
    deviceTypes: words('device_types'),
    trafficSources: words('traffic_sources'),
    properties: readProperties(within(top, 'properties'), file.properties, eventTypes),
  };
  const rules = eventRules(extension).length;
  if (rules > mostRules)
    refuse(within(top, 'properties'), `they come to ${rules} rules with those of the base, more than ${mostRules}`);
  return makeEventContract(extension);
}

/** The contract of a home: the base and what contract.yml in the home adds, if it is there. Errors: MR-EVT-. */
export function readEventContract(home: string): EventContract {
  const path = join(home, 'contract.yml');
  let text = '';
  try {
    text = readFileSync(path, 'utf8');
  } catch (thrown) {
    if (!isMissing(thrown)) throw new MillraceError('MR-EVT-001', { path, problem: problemOf(thrown) }, thrown);
  }
  return resolveEventContract(path, text);
}
