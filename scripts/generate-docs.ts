/** Writes the documents that are generated from code: docs/errors.md, docs/rules.md and .env.example. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { malformedRule, type Rule, rules } from '../src/contracts/rules.ts';
import { severitiesOf } from '../src/contracts/severity.ts';
import { tableContracts, tableNames } from '../src/contracts/tables.ts';
import { renderEnvExample } from '../src/kernel/config.ts';
import { errorCatalogue } from '../src/kernel/errors.ts';

interface Entry {
  readonly message: string;
  readonly remedy: string;
  readonly exitCode: number;
}

const renderEntry = ([code, { message, remedy, exitCode }]: readonly [string, Entry]): string =>
  `## ${code}\n\n${message}\n\nWhat to do: ${remedy} Exit code ${exitCode}.\n`;

/** The text of docs/errors.md: every entry of the catalogue, in its order. */
function renderErrors(): string {
  return `# Errors

Everything that can go wrong for a user has a code, says what happened with which value (in braces here), and what to do.
Exit codes: 0 done, 1 data failed its checks, 2 wrong usage or configuration, 3 a store cannot be reached.
This page is written by \`npm run docs:generate\` from src/kernel/errors.ts.

${Object.entries(errorCatalogue).map(renderEntry).join('\n')}`;
}

const judgedOver: Readonly<Record<Rule['scope'], string>> = {
  row: 'row',
  parents: 'row and parents',
  batch: 'batch',
  key: 'key',
};

const renderRow = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;

function renderRules(among: readonly Rule[]): string {
  const rows = among.map((rule) => {
    const others = severitiesOf(rule).filter((severity) => severity !== rule.severity);
    return [`\`${rule.id}\``, rule.severity, others.join(', '), judgedOver[rule.scope], rule.message];
  });
  const header = ['rule', 'severity', 'can be', 'looks at', 'broken when'];
  return [header, header.map(() => '---'), ...rows].map(renderRow).join('\n');
}

/** The text of docs/rules.md: every rule for CSV rows, by table. */
function renderRulesPage(): string {
  const tables = tableNames.map(
    (table) => `## ${tableContracts[table].file}\n\n${renderRules(rules.filter((rule) => rule.table === table))}\n`,
  );
  return `# Rules

What a row of the four CSV files must be. A row that breaks a rule of severity **error** goes to quarantine; its children
then refer to nothing, and follow. A row that breaks a rule of severity **warn** is kept and counted. A value that is not
there breaks no rule but \`required\`.

A rule looks at the row alone, at the row beside its parents (in the batch or in production), at the batch (the other rows
that came with it), or at the contents of one key, of which one is preferred. This page is written by
\`npm run docs:generate\` from src/contracts/rules.ts.

## Change them

A YAML file sets severities and thresholds: the one that \`MILLRACE_RULES\` names, else \`rules.yml\` in MILLRACE_HOME.

\`\`\`yaml
products.price.covers_cost: { severity: error } # error, warn or off
customers.email.syntax: { max_rate: 0.05 } # a batch in which more than 5 % of the rows break it is stopped
transactions.total_amount.is_the_sum: { severity: off }
\`\`\`

The column "can be" says which other severities a rule can have. Where it is empty, constraints of the tables and formulas
of the figures rest on the rule. Whatever the rules, a batch stops before production when the share of its rows that break
rules of severity error, those left out that only wait for a parent, is above \`MILLRACE_MAX_ERROR_RATE\`.

${tables.join('\n')}
## Any file

${[
  ['rule', 'severity', 'can be', 'looks at', 'broken when'],
  ['---', '---', '---', '---', '---'],
  [`\`${malformedRule}\``, 'error', '', 'record', 'a record cannot be taken apart into the columns of the header'],
]
  .map(renderRow)
  .join('\n')}
`;
}

/** Path below the clone -> text of each generated document. */
export const generatedDocuments: ReadonlyMap<string, string> = new Map([
  ['docs/errors.md', renderErrors()],
  ['docs/rules.md', renderRulesPage()],
  ['.env.example', renderEnvExample()],
]);

if (import.meta.main) {
  for (const [path, text] of generatedDocuments) {
    writeFileSync(join(import.meta.dirname, '..', path), text);
    console.log(`wrote ${path}`);
  }
}
