/** What DuckDB's SQL cannot standardise: the few different texts of a batch are standardised here, and joined to its rows. */
import type { DuckDB } from '../stores/duckdb/duckdb.ts';
import { countryReader } from './countries.ts';
import { tableContracts, tableNames } from './tables.ts';

/** No name of a country is longer. */
const longestName = 100;

const countryTexts = tableNames
  .flatMap((table) =>
    tableContracts[table].columns
      .filter(({ kind }) => kind === 'country')
      .map(({ name }) => `SELECT trim(${name}) AS text FROM received_${table}`),
  )
  .join(' UNION ');

/**
 * Makes standard_countries (text, name, code) from the texts that the received_ tables of a batch have where a country
 * stands, blanks around them aside: those that mean one. The statements that judge rows join it.
 */
export async function prepareStandards(duckdb: DuckDB): Promise<void> {
  await duckdb.run('CREATE OR REPLACE TABLE standard_countries (text VARCHAR, name VARCHAR, code VARCHAR)');
  const texts = await duckdb.rows<{ text: string }>(
    `SELECT text FROM (${countryTexts}) WHERE text <> '' AND length(text) <= ${longestName}`,
  );
  if (texts.length === 0) return;
  const countryOf = await countryReader();
  const known = texts.flatMap(({ text }) => {
    const country = countryOf(text);
    return country ? [{ text, ...country }] : [];
  });
  await duckdb.run(
    `INSERT INTO standard_countries
     SELECT country.text, country.name, country.code
     FROM (SELECT unnest(from_json($1::JSON, '[{"text": "VARCHAR", "name": "VARCHAR", "code": "VARCHAR"}]')) AS country)`,
    [JSON.stringify(known)],
  );
}
