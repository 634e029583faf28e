/**
 * Who may read the published star schema: two group roles, and whoever was granted something on the one before it. A
 * publication replaces the schema, so each one grants anew, in the transaction that switches.
 */
import type { Sql } from '../stores/postgres/postgres.ts';

/** Group roles that BI tools' own roles are put into; a server has them once for all its databases. */
export const readerRoles = {
  /** Reads everything but personal data. */
  bi_reader: 'Reads the published star schemas of Millrace, except dim_customers.email.',
  /** Reads the customers' addresses too. */
  pii_reader: 'Reads the published star schemas of Millrace, dim_customers.email included.',
} as const;

/** The name of such a role. */
export type ReaderRole = keyof typeof readerRoles;

const roleNames = Object.keys(readerRoles) as readonly ReaderRole[];

/** The one column with personal data. */
export const personal = { table: 'dim_customers', column: 'email' } as const;

/** The roles that the server has. */
async function presentReaders(sql: Sql): Promise<readonly ReaderRole[]> {
  const rows = await sql.rows<{ name: ReaderRole }>('SELECT rolname AS name FROM pg_roles WHERE rolname = ANY($1)', [
    roleNames,
  ]);
  return roleNames.filter((role) => rows.some(({ name }) => name === role));
}

/** Makes a role unless it is there, another publication on the server is making it, or this user may not. */
const createRole = (role: ReaderRole): string => `DO $$ BEGIN
  CREATE ROLE ${role} NOLOGIN;
  COMMENT ON ROLE ${role} IS '${readerRoles[role]}';
EXCEPTION WHEN duplicate_object OR unique_violation OR insufficient_privilege THEN NULL;
END $$`;

/** Makes the roles that are missing, as far as this user may; gives those that are there then. */
export async function ensureReaders(sql: Sql): Promise<readonly ReaderRole[]> {
  const present = await presentReaders(sql);
  for (const role of roleNames.filter((each) => !present.includes(each))) await sql.run(createRole(role));
  return presentReaders(sql);
}

/** The columns that bi_reader may read of the table with personal data; no row when it is not published. $1 schema. */
const openColumns = `SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) AS columns
FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
WHERE relnamespace = $1::regnamespace AND relname = '${personal.table}' AND attname <> '${personal.column}'
  AND attnum > 0 AND NOT attisdropped
HAVING count(*) > 0`;

/**
 * Statements that grant on the tables of schema $2 what others than their owner were granted on those of schema $1 with
 * the same name, except the roles $3. Who could read all of the table with personal data before it had the column with
 * them does not get that column ($4 the other columns).
 */
const formerGrants = `WITH grants AS (
  SELECT format('SCHEMA %I', $2::text) AS target, '' AS columns, granted.* , nspowner AS owner
  FROM pg_namespace, aclexplode(nspacl) AS granted WHERE nspname = $1
  UNION ALL
  SELECT format('TABLE %I.%I', $2::text, former.relname),
    CASE WHEN former.relname = '${personal.table}' AND granted.privilege_type = 'SELECT' AND NOT EXISTS (
        SELECT FROM pg_attribute WHERE attrelid = former.oid AND attname = '${personal.column}')
      THEN format(' (%s)', $4::text) ELSE '' END,
    granted.*, former.relowner
  FROM pg_class AS former JOIN pg_class AS next USING (relname, relkind), aclexplode(former.relacl) AS granted
  WHERE former.relnamespace = $1::regnamespace AND next.relnamespace = $2::regnamespace AND relkind = 'r'
  UNION ALL
  SELECT format('TABLE %I.%I', $2::text, former.relname), format(' (%I)', attribute.attname), granted.*, former.relowner
  FROM pg_class AS former JOIN pg_class AS next USING (relname, relkind)
    JOIN pg_attribute AS attribute ON attribute.attrelid = former.oid
    JOIN pg_attribute AS kept ON kept.attrelid = next.oid AND kept.attname = attribute.attname,
    aclexplode(attribute.attacl) AS granted
  WHERE former.relnamespace = $1::regnamespace AND next.relnamespace = $2::regnamespace AND relkind = 'r'
)
SELECT format('GRANT %s%s ON %s TO %s%s', privilege_type, columns, target,
  CASE grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(grantee)) END,
  CASE WHEN is_grantable THEN ' WITH GRANT OPTION' ELSE '' END) AS statement
FROM grants
WHERE grantee <> owner AND grantee NOT IN (SELECT oid FROM pg_roles WHERE rolname = ANY($3))
ORDER BY 1`;

/** What a role may read of a schema with these tables. */
function grantsOf(role: ReaderRole, schema: string, tables: readonly string[], columns: string): readonly string[] {
  const whole = tables.filter((table) => role === 'pii_reader' || table !== personal.table);
  return [
    `GRANT USAGE ON SCHEMA ${schema} TO ${role}`,
    ...whole.map((table) => `GRANT SELECT ON ${schema}.${table} TO ${role}`),
    ...(whole.length < tables.length ? [`GRANT SELECT (${columns}) ON ${schema}.${personal.table} TO ${role}`] : []),
  ];
}

/**
 * Lets the roles read the tables of the schema that is about to be published, and gives what others were granted on the
 * former one. Whatever the server grants on new tables by default is taken back first.
 */
export async function grantReaders(
  sql: Sql,
  { former, next }: { readonly former: string; readonly next: string },
  roles: readonly ReaderRole[],
): Promise<void> {
  const tables = await sql.rows<{ name: string }>(
    `SELECT quote_ident(relname) AS name FROM pg_class WHERE relnamespace = $1::regnamespace AND relkind = 'r'`,
    [next],
  );
  const [open] = await sql.rows<{ columns: string }>(openColumns, [next]);
  const names = tables.map(({ name }) => name);
  const carried = await sql.rows<{ statement: string }>(formerGrants, [former, next, roleNames, open?.columns ?? '']);
  const statements = [
    `REVOKE ALL ON ALL TABLES IN SCHEMA ${next} FROM ${['PUBLIC', ...roles].join(', ')}`,
    ...roles.flatMap((role) => grantsOf(role, next, names, open?.columns ?? '')),
    ...carried.map(({ statement }) => statement),
  ];
  await sql.run(statements.join(';\n'));
}

/** Says which of the roles can read what is published, and what to do about those that cannot. */
export async function describeReaders(sql: Sql): Promise<string> {
  const both = roleNames.join(' and ');
  const present = await presentReaders(sql);
  const missing = roleNames.filter((role) => !present.includes(role));
  const [may] = await sql.rows<{ create: boolean; read: boolean }>(
    `SELECT (SELECT rolcreaterole OR rolsuper FROM pg_roles WHERE rolname = current_user) AS create,
       (SELECT bool_and(has_schema_privilege(rolname, 'warehouse', 'USAGE')) FROM pg_roles WHERE rolname = ANY($1)) AS read`,
    [roleNames],
  );
  if (missing.length > 0 && !may?.create) {
    const statements = missing.map((role) => `CREATE ROLE ${role} NOLOGIN;`).join(' ');
    return `this user may not make ${missing.join(' and ')}: let one who may run ${statements} then run millrace build`;
  }
  return missing.length === 0 && may?.read ? `${both} read warehouse` : `${both} read warehouse from the next build on`;
}
