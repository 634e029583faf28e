/**
 * The SQL with which rows arrive in production and leave it. Of all contents that batches brought for a key, production
 * has the eligible one that is greatest by (observed_at, updated_at, content hash); schema history has the others. A
 * content is eligible when it breaks no rule about its parents, as those are settled before it.
 *
 * In: arriving_<table>, leaving_<table>. Out: moves_<table>, changed_<table> for the tables below.
 */
import {
  type ParentsRule,
  parentsPredicate,
  parentsRulesOf,
  type Reference,
  type Rule,
  references,
} from '../../contracts/rules.ts';
import { type TableName, tableContracts } from '../../contracts/tables.ts';
import { sqlText } from '../../stores/postgres/postgres.ts';

/** What a settlement is about. */
export interface SettleScope {
  readonly source: string;
  /** The rules in force; those of scope parents are judged here. */
  readonly rules: readonly Rule[];
  /** IANA name; days of rules are taken in it. */
  readonly timeZone: string;
  /** The time that is written as loaded or changed at. */
  readonly recordedAt: Date;
  /**
   * Batches in which orders were sent with all their items (option replace_items): an item that an earlier batch brought
   * counts no more when such an order comes without it.
   */
  readonly completeBatches: readonly string[];
}

/** What stands among the broken rules of an item that its order has no more. Such a row is superseded, not quarantined. */
const replaced = 'replaced';

/** The columns of production's table that come from the file. */
const storedColumns = (table: TableName): readonly string[] => tableContracts[table].stored.map(({ name }) => name);

const list = (names: readonly string[], prefix = ''): string => names.map((name) => `${prefix}${name}`).join(', ');

const keyOf = (table: TableName): string => tableContracts[table].key;

/** The columns that a row has wherever it is: in arriving_, production and history. */
const rowColumns = (table: TableName): readonly string[] => [
  ...storedColumns(table),
  'content_hash',
  'observed_at',
  'updated_at',
  'batch_id',
  'row_number',
];

/** All columns of production's and history's tables but the source. */
const keptColumns = (table: TableName): readonly string[] => [
  ...rowColumns(table),
  'outcome',
  'first_loaded_at',
  'last_changed_at',
];

const referencesOf = (table: TableName): readonly Reference[] => references.filter((each) => each.table === table);

const predicate = (scope: SettleScope, rule: ParentsRule): string =>
  `coalesce(${parentsPredicate(rule, scope.timeZone)}, false)`;

const brokenList = (scope: SettleScope, rules: readonly ParentsRule[]): string =>
  rules.length === 0
    ? `'{}'::text[]`
    : `array_remove(ARRAY[${rules.map((rule) => `CASE WHEN ${predicate(scope, rule)} THEN ${sqlText(rule.id)} END`).join(', ')}], NULL)`;

const anyBroken = (scope: SettleScope, rules: readonly ParentsRule[]): string =>
  rules.length === 0 ? 'false' : rules.map((rule) => predicate(scope, rule)).join(' OR ');

/** When a row of a relation was last sent with all that belongs to it; NULL where it was not. */
const completeAt = ({ completeBatches }: SettleScope, row: string): string =>
  `CASE WHEN ${row}.batch_id IN (${completeBatches.map(sqlText).join(', ')}) THEN ${row}.observed_at END`;

/** The column in which a settled transaction says that it came with all its items. */
const completion = (scope: SettleScope, parent: TableName): readonly string[] =>
  hasCompletion(scope, parent) ? [`${completeAt(scope, 'stored')} AS complete_at`] : [];

const hasCompletion = ({ completeBatches }: SettleScope, table: TableName): boolean =>
  table === 'transactions' && completeBatches.length > 0;

/** Whether orders of the source replace their items, which makes a rule of its own for items. */
const replaces = ({ completeBatches }: SettleScope, table: TableName): boolean =>
  table === 'transaction_items' && completeBatches.length > 0;

/** The rules of severity error about parents that a row of a relation breaks. */
function parentErrors(scope: SettleScope, table: TableName, rows: string): string {
  const broken = brokenList(scope, parentsRulesOf(scope.rules, table, 'error'));
  if (!replaces(scope, table)) return broken;
  return `${broken} || CASE WHEN parent_transactions.complete_at > ${rows}.observed_at THEN ARRAY['${replaced}'] ELSE '{}' END`;
}

/** What becomes of a row that is not fit. */
const unfitBecomes = `CASE WHEN '${replaced}' = ANY(errors) THEN 'superseded' ELSE 'quarantined' END`;

/** The settled parents of the rows of a relation, as the rules name them. */
const parentJoins = (scope: SettleScope, table: TableName, rows: string): string =>
  referencesOf(table)
    .map(
      ({ parent, column, uses }) =>
        `LEFT JOIN (SELECT ${list([`${keyOf(parent)} AS key`, ...uses, ...completion(scope, parent)])} FROM production.${parent} AS stored
         WHERE source = ${sqlText(scope.source)}) AS parent_${parent} ON parent_${parent}.key = ${rows}.${column}`,
    )
    .join('\n');

/** Columns of a parent on which rules of severity error depend: when they change, its children are judged again. */
const decisiveColumns = (scope: SettleScope, parent: TableName): readonly string[] =>
  references
    .filter((reference) => reference.parent === parent)
    .flatMap(({ table, uses }) =>
      uses.filter((column) =>
        parentsRulesOf(scope.rules, table, 'error').some(({ broken }) => broken.includes(`parent_${parent}.${column}`)),
      ),
    );

/** The tables that a settlement works with, empty; they live as long as the transaction. */
export const createSettleTables = (table: TableName): string =>
  `DROP TABLE IF EXISTS arriving_${table}, leaving_${table};
CREATE TEMP TABLE arriving_${table} ON COMMIT DROP AS
  SELECT ${list(rowColumns(table))}, false AS contested FROM production.${table} WITH NO DATA;
CREATE TEMP TABLE leaving_${table} (batch_id text, row_number integer) ON COMMIT DROP;`;

/** All rows that arrive are of one batch: COPY need not repeat it. */
export const arriveFrom = (table: TableName, batch: string, observedAt: Date): string =>
  `ALTER TABLE arriving_${table} ALTER COLUMN batch_id SET DEFAULT ${sqlText(batch)},
  ALTER COLUMN observed_at SET DEFAULT ${sqlText(observedAt.toISOString())}`;

/** Takes the rows that `judged_<table>` in DuckDB finds clean. */
export const copyArriving = (table: TableName): string =>
  `COPY arriving_${table} (row_number, ${list(storedColumns(table))}, updated_at, content_hash, contested) FROM STDIN (FORMAT csv)`;

/** DuckDB: the clean rows, for `copyArriving`. */
export const cleanRows = (table: TableName, condition = 'true'): string =>
  `SELECT row_number, ${list(storedColumns(table))}, source_updated_at, content_hash, contested
   FROM judged_${table} WHERE verdict = 'clean' AND ${condition}`;

/** Every row of a batch leaves. */
export const leaveWithBatch = (table: TableName, batch: string): string =>
  ['production', 'history']
    .map(
      (schema) =>
        `INSERT INTO leaving_${table} SELECT batch_id, row_number FROM ${schema}.${table} WHERE batch_id = ${sqlText(batch)};`,
    )
    .join('\n');

const isParent = (table: TableName): boolean => references.some(({ parent }) => parent === table);

/** Whether rows of earlier batches wait for parents of this table. */
const childrenWait = (scope: SettleScope, parent: TableName): string =>
  references
    .filter((reference) => reference.parent === parent)
    .map(
      ({ table }) =>
        `EXISTS (SELECT FROM history.${table} WHERE source = ${sqlText(scope.source)} AND outcome = 'quarantined')`,
    )
    .join(' OR ');

/** A table of the rows of a relation that break rules about their parents: batch_id, row_number, errors, warnings. */
const createMisfits = (scope: SettleScope, table: TableName, name: string, relation: string, where: string): string => {
  const [errors, warnings] = [parentsRulesOf(scope.rules, table, 'error'), parentsRulesOf(scope.rules, table, 'warn')];
  const isReplaced = replaces(scope, table) ? ' OR parent_transactions.complete_at > judged.observed_at' : '';
  return `CREATE TEMP TABLE ${name} ON COMMIT DROP AS
SELECT batch_id, row_number, ${parentErrors(scope, table, 'judged')} AS errors, ${brokenList(scope, warnings)} AS warnings
FROM ${relation} AS judged ${parentJoins(scope, table, 'judged')}
WHERE ${where} AND (${anyBroken(scope, [...errors, ...warnings])}${isReplaced});`;
};

/** unfit_<table>: arriving rows that break rules about their parents. */
const createUnfit = (scope: SettleScope, table: TableName): string =>
  createMisfits(scope, table, `unfit_${table}`, `arriving_${table}`, 'true');

/**
 * The columns that are the same for all rows of a batch that go straight into production: where a source has no row of a
 * table yet, nothing contests those that have no rival in their own batch.
 */
const straightDefaults = (scope: SettleScope, batch: string, observedAt: Date): Readonly<Record<string, string>> => ({
  source: scope.source,
  batch_id: batch,
  observed_at: observedAt.toISOString(),
  outcome: 'inserted',
  first_loaded_at: scope.recordedAt.toISOString(),
  last_changed_at: scope.recordedAt.toISOString(),
});

/** Whether production has rows of the table (stored), and whether there are any of the source in whatever standing (known). */
export const lookForRows = (scope: SettleScope, table: TableName): string =>
  `SELECT EXISTS (SELECT FROM production.${table}) AS stored, ${['production', 'history']
    .map((schema) => `EXISTS (SELECT FROM ${schema}.${table} WHERE source = ${sqlText(scope.source)})`)
    .join(' OR ')} AS known`;

/** Makes production's table ready for `copyStraight`. One that is empty is made anew, for then its rows need no log. */
export const openStraight = (
  scope: SettleScope,
  table: TableName,
  batch: string,
  observedAt: Date,
  empty: boolean,
): string => {
  const defaults = Object.entries(straightDefaults(scope, batch, observedAt));
  return `${empty ? `TRUNCATE production.${table};` : ''}
ALTER TABLE production.${table} ${defaults.map(([name, value]) => `ALTER COLUMN ${name} SET DEFAULT ${sqlText(value)}`).join(', ')}`;
};

/** Takes the rows that have no rival. */
export const copyStraight = (table: TableName): string =>
  `COPY production.${table} (row_number, ${list(storedColumns(table))}, updated_at, content_hash) FROM STDIN (FORMAT csv)`;

/** DuckDB: the clean rows without a rival, for `copyStraight`. */
export const straightRows = (table: TableName): string =>
  `SELECT row_number, ${list(storedColumns(table))}, source_updated_at, content_hash
   FROM judged_${table} WHERE verdict = 'clean' AND NOT contested`;

/**
 * Ends what `openStraight` began, and finds misfits_<table>: rows that went in and break rules about their parents. The
 * table is analysed first: without that its million rows pass for a few, and are compared with their parents one by one.
 */
export function closeStraight(scope: SettleScope, table: TableName, batch: string): string {
  const names = Object.keys(straightDefaults(scope, batch, scope.recordedAt));
  return `ALTER TABLE production.${table} ${names.map((name) => `ALTER COLUMN ${name} DROP DEFAULT`).join(', ')};
ANALYZE production.${table};
DROP TABLE IF EXISTS misfits_${table};
${createMisfits(scope, table, `misfits_${table}`, `production.${table}`, `source = ${sqlText(scope.source)} AND batch_id = ${sqlText(batch)}`)}`;
}

/** Rows that must not have gone in arrive as others do; the number of rows is theirs. */
export const takeBack = (table: TableName): string =>
  `WITH taken AS (
  DELETE FROM production.${table} AS stored USING misfits_${table} AS misfits
  WHERE EXISTS (SELECT FROM misfits_${table} WHERE errors <> '{}') AND misfits.errors <> '{}'
    AND stored.batch_id = misfits.batch_id AND stored.row_number = misfits.row_number
  RETURNING ${list(rowColumns(table), 'stored.')}
)
INSERT INTO arriving_${table} (${list(rowColumns(table))}, contested) SELECT ${list(rowColumns(table))}, false FROM taken`;

/** Adds to what the comparison found what is to be known of the rows that went straight in and stayed. */
export const addStraight = (scope: SettleScope, table: TableName, batch: string): string =>
  `INSERT INTO unfit_${table} SELECT * FROM misfits_${table} WHERE errors = '{}';
${
  isParent(table)
    ? `INSERT INTO changed_${table} SELECT ${keyOf(table)}, false FROM production.${table}
WHERE source = ${sqlText(scope.source)} AND batch_id = ${sqlText(batch)} AND (${childrenWait(scope, table)});`
    : ''
}`;

/**
 * contested_<table>: keys for which there is more to compare than one arriving row. reopened: the row in production may
 * no longer be the one that counts, so that everything kept for the key is compared again.
 */
function createContested(scope: SettleScope, table: TableName): string {
  const key = keyOf(table);
  const source = sqlText(scope.source);
  const ofParents = referencesOf(table).flatMap(({ parent, column }) => [
    `SELECT stored.${key}, true FROM production.${table} AS stored JOIN changed_${parent} AS parent
       ON parent.key = stored.${column} AND parent.existed WHERE stored.source = ${source}`,
    `SELECT kept.${key}, true FROM history.${table} AS kept JOIN changed_${parent} AS parent ON parent.key = kept.${column}
       WHERE kept.source = ${source}${replaces(scope, table) ? '' : ` AND kept.outcome = 'quarantined'`}`,
  ]);
  const leaving = ['production', 'history'].map(
    (
      schema,
    ) => `SELECT row.${key}, true FROM ${schema}.${table} AS row JOIN leaving_${table} USING (batch_id, row_number)
       WHERE row.source = ${source}`,
  );
  return `CREATE TEMP TABLE contested_${table} ON COMMIT DROP AS
SELECT key, bool_or(reopened) AS reopened FROM (
  SELECT arriving.${key} AS key, false AS reopened FROM arriving_${table} AS arriving
    JOIN production.${table} AS stored ON stored.source = ${source} AND stored.${key} = arriving.${key}
  UNION ALL SELECT ${key}, false FROM arriving_${table} WHERE contested
  UNION ALL ${[...leaving, ...ofParents].join('\n  UNION ALL ')}
) AS keys GROUP BY key;`;
}

const isLeaving = (table: TableName, row: string): string =>
  `EXISTS (SELECT FROM leaving_${table} AS leaving
     WHERE leaving.batch_id = ${row}.batch_id AND leaving.row_number = ${row}.row_number)`;

/** before_<table>: what production had for the contested keys. */
const createBefore = (scope: SettleScope, table: TableName): string =>
  `CREATE TEMP TABLE before_${table} ON COMMIT DROP AS
SELECT stored.${keyOf(table)} AS key, ${list([
    ...['content_hash', ...decisiveColumns(scope, table)].map((name) => `stored.${name}`),
    ...completion(scope, table),
  ])},
  ${isLeaving(table, 'stored')} AS leaves
FROM production.${table} AS stored JOIN contested_${table} AS contested ON contested.key = stored.${keyOf(table)}
WHERE stored.source = ${sqlText(scope.source)};`;

/** pool_<table>: every content that competes for a contested key, with the rules about parents that it breaks. */
function createPool(scope: SettleScope, table: TableName): string {
  const key = keyOf(table);
  const source = sqlText(scope.source);
  const kept = list(keptColumns(table), 'row.');
  const preferred = hasCompletion(scope, table) ? ` ${completeAt(scope, 'judged')} DESC NULLS LAST,` : '';
  return `CREATE TEMP TABLE pool_${table} ON COMMIT DROP AS
WITH candidates AS (
  SELECT 'arriving' AS place, false AS reopened, ${list(rowColumns(table), 'row.')}, NULL AS outcome,
    NULL::timestamptz AS first_loaded_at, NULL::timestamptz AS last_changed_at
  FROM arriving_${table} AS row JOIN contested_${table} AS contested ON contested.key = row.${key}
  UNION ALL
  SELECT 'production', reopened, ${kept} FROM production.${table} AS row
  JOIN contested_${table} AS contested ON contested.key = row.${key}
  WHERE row.source = ${source} AND NOT ${isLeaving(table, 'row')}
  UNION ALL
  SELECT 'history', reopened, ${kept} FROM history.${table} AS row
  JOIN contested_${table} AS contested ON contested.key = row.${key}
  WHERE row.source = ${source} AND reopened AND NOT ${isLeaving(table, 'row')}
),
judged AS (
  SELECT candidates.*, ${parentErrors(scope, table, 'candidates')} AS errors
  FROM candidates ${parentJoins(scope, table, 'candidates')}
)
SELECT *, errors = '{}' AND row_number() OVER (
    PARTITION BY ${key} ORDER BY errors = '{}' DESC, observed_at DESC, updated_at DESC NULLS LAST, content_hash DESC,${preferred}
      place = 'production' DESC, batch_id, row_number
  ) = 1 AS wins
FROM judged;`;
}

/**
 * settled_<table>: the pool with what each row is booked as from now on (becomes). Of the rows of a key that production
 * has, one is booked as inserted; when that one leaves, another takes its place.
 */
function createSettled(table: TableName): string {
  const key = keyOf(table);
  return `CREATE TEMP TABLE settled_${table} ON COMMIT DROP AS
WITH booked AS (
  SELECT pool.*, before.key IS NOT NULL AND NOT before.leaves AS stood,
    bool_or(wins) OVER of_key AS has_winner, bool_or(pool.reopened) OVER of_key AS compared,
    CASE
      WHEN errors <> '{}' THEN ${unfitBecomes}
      WHEN place = 'arriving' AND NOT coalesce(before.leaves, true) AND before.content_hash = pool.content_hash THEN 'unchanged'
      WHEN wins AND (place = 'arriving' OR outcome IN ('superseded', 'quarantined'))
        THEN CASE WHEN before.key IS NOT NULL AND NOT before.leaves THEN 'updated' ELSE 'inserted' END
      WHEN place = 'arriving' OR outcome = 'quarantined' THEN 'superseded'
      ELSE outcome END AS first_becomes
  FROM pool_${table} AS pool LEFT JOIN before_${table} AS before ON before.key = pool.${key}
  WINDOW of_key AS (PARTITION BY pool.${key})
),
ranked AS (
  SELECT *, row_number() OVER (
    PARTITION BY ${key} ORDER BY first_becomes = 'inserted' DESC, first_becomes = 'inserted' AND place <> 'arriving' DESC, wins DESC,
      batch_id, row_number
  ) = 1 AS is_first FROM booked
)
SELECT *, CASE
    WHEN NOT has_winner OR (stood AND NOT compared) THEN first_becomes
    WHEN is_first THEN 'inserted'
    WHEN first_becomes = 'inserted' THEN 'updated'
    ELSE first_becomes END AS becomes
FROM ranked;`;
}

const inContested = (table: TableName, row: string): string =>
  `EXISTS (SELECT FROM contested_${table} AS contested WHERE contested.key = ${row}.${keyOf(table)})`;

const isUnfit = (table: TableName, row: string): string =>
  `EXISTS (SELECT FROM unfit_${table} AS unfit WHERE unfit.errors <> '{}'
     AND unfit.batch_id = ${row}.batch_id AND unfit.row_number = ${row}.row_number)`;

/** What a comparison found; where it found nothing, whole statements and joins over all rows are saved. */
export interface Found {
  /** Keys for which there is more to compare, or rows that leave. */
  readonly contested: boolean;
  /** Arriving rows that break rules about their parents. */
  readonly unfit: boolean;
}

/** What the comparison found, for `Found`. */
export const lookForWork = (table: TableName): string =>
  `SELECT EXISTS (SELECT FROM contested_${table}) OR EXISTS (SELECT FROM leaving_${table}) AS contested,
  EXISTS (SELECT FROM unfit_${table}) AS unfit`;

/** Rows whose key nobody contests, of one outcome. */
function uncontested(scope: SettleScope, table: TableName, outcome: string, contested: boolean, joined = ''): string {
  const [source, at] = [sqlText(scope.source), sqlText(scope.recordedAt.toISOString())];
  return `(source, ${list(keptColumns(table))})
SELECT ${source}, ${list(rowColumns(table), 'arriving.')}, ${outcome}, ${at}::timestamptz, ${at}::timestamptz
FROM arriving_${table} AS arriving ${joined} WHERE ${contested ? `NOT ${inContested(table, 'arriving')}` : 'true'}`;
}

/** Fit rows whose key nobody contests go straight in; the number of rows is that of the newly inserted. */
export const insertUncontested = (scope: SettleScope, table: TableName, { contested, unfit }: Found): string =>
  `INSERT INTO production.${table} ${uncontested(scope, table, `'inserted'`, contested)}
AND ${unfit ? `NOT ${isUnfit(table, 'arriving')}` : 'true'}`;

/** Unfit rows whose key nobody contests wait in history. */
export const keepWaiting = (scope: SettleScope, table: TableName): string =>
  `INSERT INTO history.${table} ${uncontested(scope, table, unfitBecomes, true, `JOIN unfit_${table} USING (batch_id, row_number)`)}
AND errors <> '{}'`;

/** Rows that leave are no longer kept; first of all, since a row that leaves may arrive again with another key. */
export const removeLeaving = (table: TableName): string =>
  `DELETE FROM history.${table} AS kept USING leaving_${table} AS leaving
WHERE kept.batch_id = leaving.batch_id AND kept.row_number = leaving.row_number`;

/** Brings production and history to what settled_<table> says of the contested keys. */
export function placeContested(scope: SettleScope, table: TableName): string {
  const key = keyOf(table);
  const [source, at] = [sqlText(scope.source), sqlText(scope.recordedAt.toISOString())];
  const columns = rowColumns(table).filter((name) => name !== key);
  const kept = list([...rowColumns(table), 'becomes']);
  const times = `coalesce(first_loaded_at, ${at}), coalesce(last_changed_at, ${at})`;
  return `DELETE FROM history.${table} AS kept USING settled_${table} AS settled
WHERE settled.place = 'history' AND settled.wins AND kept.source = ${source} AND kept.${key} = settled.${key}
  AND kept.batch_id = settled.batch_id AND kept.row_number = settled.row_number;
UPDATE history.${table} AS kept SET outcome = settled.becomes FROM settled_${table} AS settled
WHERE settled.place = 'history' AND NOT settled.wins AND settled.becomes <> settled.outcome AND kept.source = ${source}
  AND kept.${key} = settled.${key} AND kept.batch_id = settled.batch_id AND kept.row_number = settled.row_number;
INSERT INTO history.${table} (source, ${list(keptColumns(table))})
SELECT ${source}, ${kept}, ${times} FROM settled_${table} WHERE place <> 'history' AND NOT wins;
DELETE FROM production.${table} AS stored USING contested_${table} AS contested
WHERE stored.source = ${source} AND stored.${key} = contested.key
  AND NOT EXISTS (SELECT FROM settled_${table} AS settled WHERE settled.wins AND settled.${key} = contested.key);
UPDATE production.${table} AS stored SET ${columns.map((name) => `${name} = settled.${name}`).join(', ')},
  outcome = settled.becomes,
  last_changed_at = CASE WHEN stored.content_hash = settled.content_hash THEN stored.last_changed_at ELSE ${at} END
FROM settled_${table} AS settled
WHERE settled.wins AND stored.source = ${source} AND stored.${key} = settled.${key}
  AND (settled.place <> 'production' OR settled.becomes <> settled.outcome);
INSERT INTO production.${table} (source, ${list(keptColumns(table))})
SELECT ${source}, ${kept}, ${times} FROM settled_${table} AS settled
WHERE wins AND NOT EXISTS (SELECT FROM before_${table} AS before WHERE before.key = settled.${key});`;
}

/**
 * changed_<table>: keys that production gained or lost, or whose decisive columns changed. Nobody asks for a key that is
 * new, unless rows of earlier batches wait for it.
 */
function createChanged(scope: SettleScope, table: TableName): string {
  const key = keyOf(table);
  const differs = decisiveColumns(scope, table).map((name) => `before.${name} IS DISTINCT FROM settled.${name}`);
  if (hasCompletion(scope, table)) {
    differs.push(`before.complete_at IS DISTINCT FROM ${completeAt(scope, 'settled')}`);
  }
  return `CREATE TEMP TABLE changed_${table} ON COMMIT DROP AS
SELECT ${key} AS key, false AS existed FROM arriving_${table} AS arriving
WHERE (${childrenWait(scope, table)}) AND NOT ${inContested(table, 'arriving')} AND NOT ${isUnfit(table, 'arriving')}
UNION ALL
SELECT contested.key, before.key IS NOT NULL FROM contested_${table} AS contested
LEFT JOIN before_${table} AS before ON before.key = contested.key
LEFT JOIN settled_${table} AS settled ON settled.${key} = contested.key AND settled.wins
WHERE ${[`(before.key IS NULL) <> (settled.${key} IS NULL)`, ...differs].join(' OR ')};`;
}

/** moves_<table>: which rows go from where to where in the books; was and becomes are NULL outside them. */
function createMoves(table: TableName): string {
  const leaving = ['production', 'history'].map(
    (schema) => `SELECT batch_id, row_number, row.outcome, NULL, '{}'::text[]
FROM leaving_${table} AS leaving JOIN ${schema}.${table} AS row USING (batch_id, row_number)`,
  );
  return `CREATE TEMP TABLE moves_${table} ON COMMIT DROP AS
SELECT batch_id, row_number, outcome AS was, becomes, errors FROM settled_${table} WHERE outcome IS DISTINCT FROM becomes
UNION ALL
SELECT batch_id, row_number, NULL, ${unfitBecomes}, errors FROM arriving_${table} AS arriving
JOIN unfit_${table} AS unfit USING (batch_id, row_number)
WHERE errors <> '{}' AND NOT ${inContested(table, 'arriving')}
UNION ALL ${leaving.join('\nUNION ALL ')};`;
}

/** What is worked out before anything is moved, in this order. */
export function compareStatements(scope: SettleScope, table: TableName): readonly string[] {
  const analyze = (name: string): string => `ANALYZE ${name}_${table};`;
  const names = ['unfit', 'contested', 'before', 'pool', 'settled', 'changed', 'moves'];
  return [
    `DROP TABLE IF EXISTS ${names.map((name) => `${name}_${table}`).join(', ')};
${analyze('arriving')} ${analyze('leaving')}`,
    `${createUnfit(scope, table)} ${analyze('unfit')}`,
    `${createContested(scope, table)} ${analyze('contested')}`,
    `${createBefore(scope, table)} ${analyze('before')}`,
    `${createPool(scope, table)} ${analyze('pool')}`,
    `${createSettled(table)} ${analyze('settled')}`,
    createMoves(table),
    isParent(table) ? `${createChanged(scope, table)} ${analyze('changed')}` : '',
  ];
}

/** How many rows moved from where to where, by batch, but for those that `insertUncontested` counts. */
export const countMoves = (table: TableName): string =>
  `SELECT batch_id AS batch, was, becomes, count(*) AS rows FROM moves_${table} GROUP BY 1, 2, 3`;

/** How many arriving rows break each rule about their parents, with the first ten of them. */
export const countUnfit = (table: TableName): string =>
  `SELECT rule, count(*) AS broken, (array_agg(row_number ORDER BY row_number))[1:10] AS examples
FROM unfit_${table}, unnest(errors || warnings) AS broken (rule) GROUP BY rule`;
