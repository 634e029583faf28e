/** Countries as shops write them: codes, names in many languages and spellings, and what is no country. */
import { expect, onTestFinished, test } from 'vitest';
import { makeFolder, smallLimits } from '../../tests/setup/fixtures.ts';
import { openDuckDB } from '../stores/duckdb/duckdb.ts';
import { countryReader } from './countries.ts';
import { prepareStandards } from './standards.ts';

const countryOf = await countryReader();

test.each([
  [
    'GB',
    'United Kingdom',
    ['gb', 'GBR', 'UK', 'U.K.', 'United Kingdom', 'Great Britain', 'the United Kingdom', 'Scotland'],
  ],
  ['US', 'United States', ['USA', 'U.S.A.', 'united states of america', 'Estados Unidos', 'États-Unis']],
  ['IE', 'Ireland', ['EIRE', 'Éire', 'ireland', 'IRL']],
  ['ZA', 'South Africa', ['RSA', 'South  Africa']],
  ['DE', 'Germany', ['Deutschland', 'ALLEMAGNE', 'Germany ', 'D.E.']],
  ['CZ', 'Czechia', ['Czech Republic', 'Česko', 'cesko']],
  ['TR', 'Türkiye', ['Turkey', 'turkiye', 'TÜRKİYE']],
  ['CI', "Côte d'Ivoire", ['Ivory Coast', 'Cote d’Ivoire']],
  ['JP', 'Japan', ['日本', 'ja pan']],
  ['GR', 'Greece', ['Ελλάδα']],
  ['RU', 'Russia', ['Россия', 'Russian Federation']],
  ['DK', 'Denmark', ['Danmark']],
  ['TT', 'Trinidad and Tobago', ['Trinidad & Tobago']],
  ['LC', 'Saint Lucia', ['St. Lucia', 'St Lucia']],
  ['XK', 'Kosovo', ['Kosovo']],
])('%s is %s', (code, name, texts) => {
  for (const text of texts) expect({ text, ...countryOf(text) }).toEqual({ text, code, name });
});

test.each(['Unspecified', 'European Community', 'Channel Islands', 'Congo', 'X', 'EU', '', '!!', '537', 'constructor'])(
  '%s is no one country',
  (text) => expect(countryOf(text)).toBeUndefined(),
);

test('every name that is given is recognised as its own country', () => {
  const seen = new Map<string, string>();
  for (const first of 'ABCDEFGHIJKLMNOPQRSTUVWXYZ')
    for (const second of 'ABCDEFGHIJKLMNOPQRSTUVWXYZ') {
      const country = countryOf(first + second);
      if (country) seen.set(country.code, country.name);
    }
  expect(seen.size).toBe(250);
  expect(new Set(seen.values()).size).toBe(250);
  for (const [code, name] of seen) expect(countryOf(name)).toEqual({ code, name });
});

test('the texts of a batch are standardised once, and those that mean no country are left out', async () => {
  const duckdb = await openDuckDB(':memory:', smallLimits(makeFolder()));
  onTestFinished(() => duckdb.close());
  await duckdb.run(`CREATE TABLE received_customers AS SELECT unnest(['UK', ' UK ', 'Atlantis', '', NULL, 'O''Land']) AS country;
CREATE TABLE received_transactions AS SELECT unnest(['uk', 'UK', 'France', repeat('x', 1000)]) AS country`);
  await prepareStandards(duckdb);
  expect(await duckdb.rows('FROM standard_countries ORDER BY text')).toEqual([
    { text: 'France', name: 'France', code: 'FR' },
    { text: 'UK', name: 'United Kingdom', code: 'GB' },
    { text: 'uk', name: 'United Kingdom', code: 'GB' },
  ]);
});
