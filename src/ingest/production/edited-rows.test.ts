/** A CSV of held rows that comes back sets what was edited, and nothing else. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { makeFolder, makePostgres, smallLimits } from '../../../tests/setup/fixtures.ts';
import { load, smallShopAnd } from '../../../tests/setup/pipeline.ts';
import { readEditedRows } from './edited-rows.ts';
import { listQuarantine } from './quarantine.ts';

test('texts that begin with an apostrophe are as they were, and so are those that got one', async () => {
  const postgres = await makePostgres();
  const texts = ["'+44 20 7946 0000", '=1+1', "'=x", '-3', "'", 'plain'];
  await load(
    postgres,
    smallShopAnd({ 'customers.csv': texts.map((text, place) => `N${place},${text},,,,not a day,,,,`) }),
  );
  const rows = await listQuarantine(postgres);
  const written = ["'+44 20 7946 0000", "'=1+1", "'=x", "'-3", "'", "'=edited"];
  const path = join(makeFolder(), 'held.csv');
  writeFileSync(path, `id,first_name\n${rows.map(({ id }, place) => `${id},${written[place]}\n`).join('')}`);
  const edits = await readEditedRows({ postgres, duckdb: smallLimits(makeFolder()) }, path);
  expect([...edits.entries()]).toEqual([[rows[5]?.id, { first_name: '=edited' }]]);
});
