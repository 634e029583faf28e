/** The catalogue of everything that can go wrong for a user, and the one error type that carries an entry of it. */

/**
 * What the process exits with: 1 data failed its checks, 2 wrong usage or configuration, 3 a store cannot be reached,
 * 130 cancelled.
 */
export type ExitCode = 1 | 2 | 3 | 130;

/** The values that an entry's message and remedy name in braces. */
export type ErrorDetails = Readonly<Record<string, string | number>>;

interface CatalogueEntry {
  readonly message: string;
  readonly remedy: string;
  readonly exitCode: ExitCode;
}

/**
 * Code -> what happened, what to do, exit code. Braces are filled from the error's details.
 * docs/errors.md lists exactly these entries; a test compares the two.
 */
export const errorCatalogue = {
  'MR-CLI-001': {
    message: '{problem}',
    remedy: 'See `{help}`.',
    exitCode: 2,
  },
  'MR-CLI-002': {
    message: 'Port {port} on {host} is already in use.',
    remedy: 'Stop the program that listens there, or choose another port with --port or MILLRACE_PORT.',
    exitCode: 2,
  },
  'MR-CLI-003': {
    message: 'The dashboard has not been built: {path} is missing.',
    remedy: 'Run `npm run dashboard`, or start with `npm start`, which builds it.',
    exitCode: 2,
  },
  'MR-CLI-004': {
    message: 'The dashboard cannot listen on {host}, port {port}: {problem}.',
    remedy: 'Choose an address of this machine with --host or MILLRACE_HOST, and a port that this user may open.',
    exitCode: 2,
  },
  'MR-CLI-005': {
    message: 'The result cannot be written: {problem}.',
    remedy:
      'Send stdout to a place that has room for it, and run the command again; what was loaded and published stays.',
    exitCode: 3,
  },
  'MR-CFG-001': {
    message: 'Unknown setting {name}.',
    remedy: 'Did you mean {nearest}? All settings are listed in .env.example.',
    exitCode: 2,
  },
  'MR-CFG-002': {
    message: 'Setting {name} has the value {value}: {problem}.',
    remedy: 'Correct it in the environment or in .env; .env.example describes every setting.',
    exitCode: 2,
  },
  'MR-CFG-003': {
    message: 'The settings file {path} cannot be read: {problem}.',
    remedy: 'Make it a text file that this user may read (chmod 600 {path}), or remove it.',
    exitCode: 2,
  },
  'MR-CFG-004': {
    message: 'The rules file {path} names the rule {rule}, which does not exist.',
    remedy: 'Did you mean {nearest}? All rules are listed in docs/rules.md.',
    exitCode: 2,
  },
  'MR-CFG-005': {
    message: 'The rules file {path} changes the rule {rule}, which cannot be so: {problem}.',
    remedy: 'Remove it from the file; docs/rules.md says which severities each rule can have.',
    exitCode: 2,
  },
  'MR-CFG-006': {
    message: 'The rules file {path} cannot be used: {problem}.',
    remedy:
      'Write lines such as `products.price.covers_cost: { severity: error, max_rate: 0.05 }`; docs/rules.md describes the file.',
    exitCode: 2,
  },
  'MR-IN-001': {
    message: 'There is no file or folder at {path}.',
    remedy: 'Check the path that was given.',
    exitCode: 2,
  },
  'MR-IN-002': {
    message: 'The folder {path} lacks {missing}.',
    remedy:
      'Put customers.csv, products.csv, transactions.csv and transaction_items.csv there, whole, in parts such as customers-1.csv or packed with gzip or zstd, or use --preset for another shape.',
    exitCode: 2,
  },
  'MR-IN-003': {
    message: 'The file {path} is empty.',
    remedy: 'Export it again: it needs at least a header line.',
    exitCode: 1,
  },
  'MR-IN-004': {
    message: 'The header of {path} lacks the required column {columns}.',
    remedy: 'Add the column, or use --preset if the file has another shape. Found: {found}.',
    exitCode: 1,
  },
  'MR-IN-005': {
    message: 'The file {path} is not text: it begins like {kind}.',
    remedy: 'Give a text file, plain or packed with gzip or zstd; save spreadsheets as CSV first.',
    exitCode: 1,
  },
  'MR-IN-006': {
    message: 'There is no preset named {name}.',
    remedy: 'Known presets: {known}.',
    exitCode: 2,
  },
  'MR-IN-007': {
    message: '{path} cannot be read: {problem}.',
    remedy: 'Check that it exists and that this user may read it.',
    exitCode: 2,
  },
  'MR-IN-008': {
    message: 'This home holds {present}, and {requested} would mix with it.',
    remedy:
      'Run `millrace reset` to empty {home}, or set MILLRACE_HOME to another folder. To repeat what this home holds, run without --input.',
    exitCode: 2,
  },
  'MR-IN-009': {
    message: '{path} is a {kind}, where {expected} is needed.',
    remedy: 'Give --input a folder with the files; a preset that reads files of one kind also takes one file.',
    exitCode: 2,
  },
  'MR-IN-010': {
    message: 'The file {path} changed while it was being read.',
    remedy: 'Run again once nothing writes to it any more; nothing was loaded.',
    exitCode: 1,
  },
  'MR-IN-011': {
    message: 'The header of {path} names the column {column} twice.',
    remedy: 'Remove or rename one of the two.',
    exitCode: 1,
  },
  'MR-IN-012': {
    message: 'The file {path} cannot be read as CSV: {problem}.',
    remedy: 'Export it again with a first line that names the columns, separated by commas.',
    exitCode: 1,
  },
  'MR-IN-013': {
    message: 'The files cannot have been true on {day}: today is {today}.',
    remedy: 'Give --as-of a day that has come, or leave it out.',
    exitCode: 2,
  },
  'MR-IN-014': {
    message: 'The {compression} archive {path} cannot be unpacked: {problem}.',
    remedy: 'Copy or export it again: it is cut off or damaged.',
    exitCode: 1,
  },
  'MR-IN-015': {
    message: 'The folder {path} holds no file of events.',
    remedy:
      'Such files are named *.ndjson, *.jsonl, *.json, also packed as .gz or .zst, or *.parquet with a column event_id. Any other file is read when its own path is given.',
    exitCode: 2,
  },
  'MR-IN-016': {
    message: 'The Parquet file {path} cannot be read: {problem}.',
    remedy: 'Copy or export it again: it is cut off or damaged.',
    exitCode: 1,
  },
  'MR-IN-017': {
    message:
      'The {compression} archive {path} holds more than {times} times its size: it looks like one made to fill disks.',
    remedy: 'If it is what it should be, unpack it and give the file itself.',
    exitCode: 1,
  },
  'MR-IN-018': {
    message: 'There are {count} files, more than the {limit} that are read at once.',
    remedy: 'Give fewer at a time, for example folder by folder.',
    exitCode: 2,
  },
  'MR-PRE-001': {
    message: 'The preset file {path} is wrong: {problem}.',
    remedy: 'Correct it; docs/presets.md says what the folder of a preset holds.',
    exitCode: 2,
  },
  'MR-PRE-002': {
    message: 'The SQL of a preset failed, {path}: {problem}.',
    remedy: 'Correct the file and load again; nothing was loaded.',
    exitCode: 2,
  },
  'MR-PRE-003': {
    message: 'The option {name} cannot be used: {problem}.',
    remedy: 'Options of this source: {known}. docs/presets.md describes them.',
    exitCode: 2,
  },
  'MR-PRE-004': {
    message: 'The folder {path} has no file {pattern}, which the preset {preset} reads.',
    remedy: 'Put the file there, or give --input the folder that has it.',
    exitCode: 2,
  },
  'MR-PRE-005': {
    message: 'The preset {preset} makes no row of {records} records, the first on line {line} of file {file}.',
    remedy: 'Let a mapping use them, or let other_records.sql name them with a reason; nothing was loaded.',
    exitCode: 2,
  },
  'MR-EVT-001': {
    message: 'The contract file {path} cannot be read: {problem}.',
    remedy: 'Make it a YAML file that this user may read, or remove it; docs/events.md describes it.',
    exitCode: 2,
  },
  'MR-EVT-002': {
    message: 'The contract file {path} has the unknown word {word} at {place}.',
    remedy: 'Did you mean {nearest}? docs/events.md describes the file.',
    exitCode: 2,
  },
  'MR-EVT-003': {
    message: 'The contract file {path} is wrong at {place}: {problem}.',
    remedy: 'Correct it; docs/events.md describes the file, with an example.',
    exitCode: 2,
  },
  'MR-EVT-004': {
    message:
      'The contract file {path} is written for version {version} of the contract of events; this is version {known}.',
    remedy: 'Install the Millrace that it was written for, or a later one.',
    exitCode: 2,
  },
  'MR-GEN-001': {
    message: 'No sample can be made with {option} = {value}: {problem}.',
    remedy: 'See `millrace generate --help` for what each option takes.',
    exitCode: 2,
  },
  'MR-QUA-001': {
    message:
      'Batch {batch} is stopped: {refused} of its {received} rows break rules ({rate}, at most {limit} may). Most often: {rules}.',
    remedy:
      'Nothing was loaded. `millrace ingest csv --dry-run` shows the rows; correct the files, or raise MILLRACE_MAX_ERROR_RATE if that many are to be expected.',
    exitCode: 1,
  },
  'MR-QUA-002': {
    message:
      'Batch {batch} is stopped: {broken} of {checked} rows break the rule {rule} ({rate}, at most {limit} may).',
    remedy: 'Nothing was loaded. Correct the files, or raise max_rate of the rule in the rules file.',
    exitCode: 1,
  },
  'MR-BAT-001': {
    message: 'There is no batch {batch}.',
    remedy: '`millrace batch list` shows the batches of this home.',
    exitCode: 2,
  },
  'MR-BAT-002': {
    message: 'The batch {batch} was already undone on {day}.',
    remedy: 'Nothing is left to undo; loading its files again brings it back.',
    exitCode: 2,
  },
  'MR-BAT-003': {
    message: 'The batch {batch} was loaded by a version that did not keep what it superseded: it cannot be undone.',
    remedy: 'Empty the home with `millrace reset` and load the batches that are right.',
    exitCode: 2,
  },
  'MR-BAT-004': {
    message: 'The archived copy of {file} in batch {batch} is missing or was changed: {path}.',
    remedy: 'Put the copy back from a backup; rows of this batch cannot be judged again without it.',
    exitCode: 3,
  },
  'MR-BAT-005': {
    message: 'The preset {preset} is not what it was when batch {batch} was loaded.',
    remedy: 'Put its folder back as it was, or undo the batch and load its files again.',
    exitCode: 2,
  },
  'MR-BAT-006': {
    message: 'The batch {batch} was loaded into {dataset}, whose batches cannot be undone.',
    remedy:
      'Events of later batches may have been left out as its duplicates. Build a new home from the files that are right.',
    exitCode: 2,
  },
  'MR-QRN-001': {
    message: 'There is no row {id} in quarantine.',
    remedy: '`millrace quarantine list` shows the rows with their ids.',
    exitCode: 2,
  },
  'MR-QRN-002': {
    message: 'Row {id} is no longer held: it was let in.',
    remedy: 'Correct it at its source and load the export again.',
    exitCode: 2,
  },
  'MR-QRN-003': {
    message:
      'Row {id} is a malformed record of {file} (line {line}), which belongs to no table before the preset maps it.',
    remedy: 'Mend the record in the file, and load the file again.',
    exitCode: 2,
  },
  'MR-QRN-004': {
    message: '{table} has no column {column}.',
    remedy: 'Its columns are {columns}.',
    exitCode: 2,
  },
  'MR-QRN-005': {
    message: 'The file {path} cannot be used as edited quarantine: {problem}.',
    remedy: 'Begin with `millrace quarantine list --csv`, change cells only, and keep the column id.',
    exitCode: 2,
  },
  'MR-QRN-006': {
    message: 'Row {id} is no JSON object as it should be: its fields cannot be set one by one.',
    remedy: "Set the line as a whole: `millrace quarantine fix {id} --set 'record=...'`.",
    exitCode: 2,
  },
  'MR-QRN-007': {
    message: 'Row {id} is of the {table}, of which the latest file counts: it cannot be set here.',
    remedy: 'Mend the row in {file}, and load the file again.',
    exitCode: 2,
  },
  'MR-LED-001': {
    message: 'The ledger of batch {batch} does not balance: {problem}.',
    remedy: 'Nothing was loaded. This is a defect of Millrace: please report it with this message.',
    exitCode: 1,
  },
  'MR-PG-001': {
    message: 'PostgreSQL at {target} cannot be reached: {problem}.',
    remedy: 'Check DATABASE_URL and that the server runs; without DATABASE_URL Millrace starts its own.',
    exitCode: 3,
  },
  'MR-PG-002': {
    message: 'The embedded PostgreSQL could not be started: {problem}.',
    remedy: 'Read the end of {log}. To use a server of your own, set DATABASE_URL.',
    exitCode: 3,
  },
  'MR-PG-003': {
    message: 'The embedded PostgreSQL cannot run as root and no other user can be used: {problem}.',
    remedy: 'Run Millrace as an ordinary user, or set DATABASE_URL to a server of your own.',
    exitCode: 3,
  },
  'MR-PG-004': {
    message: 'The PostgreSQL at {target} is version {version}; 15 or newer is needed.',
    remedy: 'Upgrade the server, or unset DATABASE_URL to use the embedded one.',
    exitCode: 3,
  },
  'MR-PG-005': {
    message: 'The embedded PostgreSQL has no program for {platform}.',
    remedy: 'Set DATABASE_URL to a PostgreSQL server, version 15 or newer.',
    exitCode: 3,
  },
  'MR-PG-006': {
    message: 'The database was set up by a newer Millrace: it has migration {found}, this version knows {known}.',
    remedy: 'Use that newer version, or another DATABASE_URL or MILLRACE_HOME.',
    exitCode: 2,
  },
  'MR-PG-007': {
    message: 'The database cannot be set up for Millrace: {problem}.',
    remedy:
      'Give Millrace a database of its own, in which its user may create schemas; it makes ops, shop, staging, production and warehouse.',
    exitCode: 2,
  },
  'MR-DSK-001': {
    message: 'The disk that holds {path} is full.',
    remedy: 'Free some space and run again; what was loaded and published before is unharmed.',
    exitCode: 3,
  },
  'MR-DSK-002': {
    message: 'The folder {path} cannot be written: {problem}.',
    remedy: 'Make it writable for this user, or set MILLRACE_HOME to another folder.',
    exitCode: 3,
  },
  'MR-DSK-003': {
    message: 'The disk that holds {path} has only {free} left.',
    remedy: 'Free some space before the next run.',
    exitCode: 3,
  },
  'MR-MEM-001': {
    message: 'DuckDB needs more memory than it may use: {problem}.',
    remedy: 'Set MILLRACE_DUCKDB_MEMORY to more, such as 1GiB, and run again; nothing was changed.',
    exitCode: 3,
  },
  'MR-TRF-001': {
    message: 'The project file {path} is wrong: {problem}.',
    remedy: 'Correct the file; the format is that of a dbt project.',
    exitCode: 2,
  },
  'MR-TRF-002': {
    message: 'The model {model} refers to {reference}, which does not exist.',
    remedy: 'Did you mean {nearest}? Models, seeds and sources are listed in warehouse/.',
    exitCode: 2,
  },
  'MR-TRF-003': {
    message: 'The models form a cycle: {cycle}.',
    remedy: 'Remove one of these references.',
    exitCode: 2,
  },
  'MR-TRF-004': {
    message: 'The template of {node} cannot be rendered: {problem}.',
    remedy: 'Correct {path}.',
    exitCode: 2,
  },
  'MR-TRF-005': {
    message: 'The model {node} failed: {problem}.',
    remedy: 'The published warehouse is unchanged. Correct {path} and build again.',
    exitCode: 1,
  },
  'MR-TRF-006': {
    message: '{failed} of {total} tests failed: {names}.',
    remedy: 'The published warehouse is unchanged. The failing rows are shown above.',
    exitCode: 1,
  },
  'MR-TRF-101': {
    message: '{path}:{line} is not YAML: {problem}.',
    remedy: 'Correct the line; keys and lists are indented by spaces, text with a colon or a brace is quoted.',
    exitCode: 2,
  },
  'MR-TRF-102': {
    message: '{path}:{line}: {problem}.',
    remedy: 'Correct the line; the format is that of a dbt project.',
    exitCode: 2,
  },
  'MR-TRF-103': {
    message: '{path}:{line}: the key {key} is unknown.',
    remedy: 'Did you mean {nearest}? Correct or remove it.',
    exitCode: 2,
  },
  'MR-TRF-104': {
    message: '{path}:{line}: there are two {kind}s named {name}; the other is in {other}.',
    remedy: 'Give one of them another name, or remove it.',
    exitCode: 2,
  },
  'MR-TRF-105': {
    message: '{first} and {second} would both become the relation {relation}.',
    remedy: 'Give one of them another name, alias or schema.',
    exitCode: 2,
  },
  'MR-TRF-106': {
    message: '{path}:{line}: {node} refers to {reference}, which does not exist.',
    remedy: 'Did you mean {nearest}? Correct the name, or add the model, seed or snapshot.',
    exitCode: 2,
  },
  'MR-TRF-107': {
    message: '{path}:{line}: {node} refers to {reference}, which is disabled in {other}.',
    remedy: 'Enable it (enabled: true), or remove the reference.',
    exitCode: 2,
  },
  'MR-TRF-108': {
    message: '{path}:{line}: {node} refers to the source table {reference}, which no YAML file declares.',
    remedy: 'Did you mean {nearest}? Correct the name, or declare the table under sources.',
    exitCode: 2,
  },
  'MR-TRF-109': {
    message: 'The models form a cycle: {cycle}.',
    remedy: 'Remove one of these references.',
    exitCode: 2,
  },
  'MR-TRF-110': {
    message: '{path}:{line}: {problem}.',
    remedy: 'Correct the template.',
    exitCode: 2,
  },
  'MR-TRF-111': {
    message: '{path}:{line}: the template cannot be rendered: {problem}.',
    remedy: 'Correct the template, or the macro that it calls.',
    exitCode: 2,
  },
  'MR-TRF-112': {
    message: '{path}:{line}: {node} calls the macro {macro}, which does not exist.',
    remedy: 'Did you mean {nearest}? Correct the name, or add the macro.',
    exitCode: 2,
  },
  'MR-TRF-113': {
    message: '{path}:{line}: the test {test} does not exist.',
    remedy: 'Did you mean {nearest}? Correct the name, or add the test.',
    exitCode: 2,
  },
  'MR-TRF-114': {
    message: '{path}:{line}: the unit test {test} is of the model {model}, which does not exist.',
    remedy: 'Did you mean {nearest}? Correct the name.',
    exitCode: 2,
  },
  'MR-TRF-115': {
    message: '{path}:{line}: there is no docs block {doc}.',
    remedy: 'Did you mean {nearest}? Correct the name, or add the block to a Markdown file.',
    exitCode: 2,
  },
  'MR-TRF-116': {
    message: '{path}:{line}: the variable {name} is not set.',
    remedy: 'Set it under vars in dbt_project.yml or with --vars, or give var() a default.',
    exitCode: 2,
  },
  'MR-TRF-117': {
    message: '{path}:{line}: the environment variable {name} is not set.',
    remedy: 'Set it, or give env_var() a default.',
    exitCode: 2,
  },
  'MR-TRF-118': {
    message: 'The package {package} is missing: {problem}.',
    remedy: 'Put it into {folder}; packages are read from there and not fetched.',
    exitCode: 2,
  },
  'MR-TRF-119': {
    message: '{path} is a Python model, which Millrace does not run.',
    remedy: 'Write it in SQL, or disable it.',
    exitCode: 2,
  },
  'MR-TRF-120': {
    message: '{path}:{line}: the config {key} of {node} is wrong: {problem}.',
    remedy: 'Correct it in the file, in its YAML or in dbt_project.yml.',
    exitCode: 2,
  },
  'MR-TRF-121': {
    message: '{path}:{line}: {node} refers to {reference}, which is {access} to {scope}.',
    remedy: 'Put both into one group, or change the access of the model that is referred to.',
    exitCode: 2,
  },
  'MR-TRF-122': {
    message: '{path}:{line}: {node} is in the group {group}, which does not exist.',
    remedy: 'Did you mean {nearest}? Correct the name, or add it under groups.',
    exitCode: 2,
  },
  'MR-TRF-123': {
    message: '{path}:{line}: the unit test {test} is wrong: {problem}.',
    remedy: 'Correct the unit test.',
    exitCode: 2,
  },
  'MR-TRF-124': {
    message: 'There is no dbt project in {folder}: it has no dbt_project.yml.',
    remedy: 'Name the folder of a project with --project-dir.',
    exitCode: 2,
  },
  'MR-TRF-125': {
    message: '{path} wants dbt {wanted}; Millrace does what dbt {version} does.',
    remedy: 'Correct require-dbt-version, if the project runs with this version.',
    exitCode: 2,
  },
  'MR-TRF-126': {
    message: '{path}:{line}: {name} is described a second time; {other} describes it too.',
    remedy: 'Keep one of the two.',
    exitCode: 2,
  },
  'MR-TRF-127': {
    message: '{path} cannot be read: {problem}.',
    remedy: 'Check that it is a text file that this user may read.',
    exitCode: 2,
  },
  'MR-TRF-201': {
    message: '{failed} of {total} nodes failed: {names}.',
    remedy: 'What went wrong is told above; correct it, and `millrace retry` runs what failed or was skipped.',
    exitCode: 1,
  },
  'MR-TRF-202': {
    message: 'There is no run to repeat: {folder} has no run_results.json.',
    remedy: 'Run `millrace build`, `models run` or `test` first, with the same project and --target-path.',
    exitCode: 2,
  },
  'MR-TRF-203': {
    message: '{stale} of {total} sources are too old or could not be asked: {names}.',
    remedy: 'Load them again, or see why nothing new comes.',
    exitCode: 1,
  },
  'MR-TRF-204': {
    message: 'The DuckDB file {path} cannot be opened: {problem}.',
    remedy: 'Name another with --duckdb, make its folder, or close it where it is open for writing.',
    exitCode: 3,
  },
  'MR-TRF-205': {
    message: 'There is no DuckDB file {path}.',
    remedy: 'Build the project into it first: `millrace build --project-dir FOLDER --duckdb {path}`.',
    exitCode: 2,
  },
  'MR-TRF-206': {
    message: 'The run was cancelled: of {total} nodes {ended} had ended, the others were not built.',
    remedy: '`millrace retry` with the same project, --duckdb and --target-path runs what is left.',
    exitCode: 130,
  },
  'MR-TRF-207': {
    message: 'There is no macro {macro} in {place}.',
    remedy: 'Did you mean {nearest}? Name it as MACRO, or as PACKAGE.MACRO.',
    exitCode: 2,
  },
  'MR-TRF-208': {
    message: 'The operation {macro} failed: {problem}.',
    remedy: 'Correct the macro or its --args; what it had committed stays.',
    exitCode: 1,
  },
  'MR-TRF-209': {
    message: 'A warning counts as an error with --warn-error: {problem}.',
    remedy: 'Correct what is warned of, or run without --warn-error.',
    exitCode: 2,
  },
  'MR-TRF-210': {
    message: '{path} is no artifact of a run: {problem}.',
    remedy: 'Delete it, or name the folder of other artifacts.',
    exitCode: 2,
  },
  'MR-TRF-211': {
    message: 'The query of {name} failed: {problem}.',
    remedy: 'Build what it reads first, or correct it; `millrace compile --select {name}` prints its SQL.',
    exitCode: 2,
  },
  'MR-SEL-001': {
    message: "The selection '{selection}' names the method {method}, which does not exist.",
    remedy: 'Did you mean {nearest}? A method stands before a colon, as in tag:nightly.',
    exitCode: 2,
  },
  'MR-SEL-002': {
    message: "The selection '{selection}' is wrong: {problem}.",
    remedy: 'Correct it, as in --select 2+orders, tag:nightly+, or path:models/staging.',
    exitCode: 2,
  },
  'MR-SEL-003': {
    message: "The selection '{selection}' asks for {value}, which its method does not know.",
    remedy: 'Did you mean {nearest}? It knows {known}.',
    exitCode: 2,
  },
  'MR-SEL-004': {
    message: "The selection '{selection}' names a selector where only criteria stand.",
    remedy: 'Use --selector NAME; in selectors.yml, write method: selector with its value.',
    exitCode: 2,
  },
  'MR-SEL-005': {
    message: "The selection '{selection}' compares with an earlier {file}, and there is none.",
    remedy: 'Name the folder that holds it with --state.',
    exitCode: 2,
  },
  'MR-SEL-006': {
    message: 'There is no selector named {name}.',
    remedy: 'Did you mean {nearest}? Selectors are defined in selectors.yml.',
    exitCode: 2,
  },
  'MR-SEL-007': {
    message: 'The contract of the versioned model {model} ({path}) breaks for those who rely on it: {changes}.',
    remedy: 'Undo the change, or make a new version of the model.',
    exitCode: 2,
  },
  'MR-SEL-008': {
    message: '{path}, line {line}: {problem}.',
    remedy: 'Correct the file; its format is that of selectors.yml in a dbt project.',
    exitCode: 2,
  },
  'MR-LIN-001': {
    message: 'There is no column {name} in the lineage.',
    remedy: 'Did you mean {nearest}? A column is named with its relation, such as dim_customers.email_domain.',
    exitCode: 2,
  },
  'MR-LIN-002': {
    message: 'There is no column {name}: {relation} has {columns}.',
    remedy: 'Did you mean {nearest}? Name one of its columns, as in {relation}.{first}.',
    exitCode: 2,
  },
  'MR-QRY-001': {
    message: 'Nothing has been published yet in {home}.',
    remedy: 'Run `millrace run` first.',
    exitCode: 2,
  },
  'MR-QRY-002': {
    message: 'The query failed: {problem}.',
    remedy: 'The tables are listed by `millrace query "SHOW TABLES"`.',
    exitCode: 2,
  },
  'MR-QRY-003': {
    message: 'The date range {from} to {to} is wrong: {problem}.',
    remedy: 'Give dates as YYYY-MM-DD, the first not after the last.',
    exitCode: 2,
  },
  'MR-QRY-004': {
    message: 'There is no report named {name}.',
    remedy: 'Did you mean {nearest}? `millrace report list` shows all reports.',
    exitCode: 2,
  },
  'MR-RUN-001': {
    message: 'Another Millrace is changing this home and has not finished within {seconds} s.',
    remedy: 'Wait for it, or end it, then run again.',
    exitCode: 3,
  },
  'MR-SHP-001': {
    message: 'Of product {product} {wanted} are wanted and {stock} are in stock.',
    remedy: 'Order fewer; nothing was ordered.',
    exitCode: 1,
  },
  'MR-SHP-002': {
    message: 'The shop does not know {what}.',
    remedy: 'Take over customers and products of a loaded source with `millrace shop open --from SOURCE`.',
    exitCode: 2,
  },
  'MR-SHP-003': {
    message: 'An order needs at least one line, and each line a whole number of units above 0.',
    remedy: 'Give lines as PRODUCT:QUANTITY; nothing was ordered.',
    exitCode: 2,
  },
  'MR-SRV-001': {
    message: 'The host name {host} is not one of this server.',
    remedy: 'Open the address that `millrace serve` prints.',
    exitCode: 2,
  },
  'MR-SRV-002': {
    message: 'The request is wrong: {problem}.',
    remedy: 'Correct the query of the address.',
    exitCode: 2,
  },
  'MR-SRV-003': {
    message: 'There is nothing at {path}.',
    remedy: 'The API has /api/health, /api/overview, /api/collector and /api/schema/event.json.',
    exitCode: 2,
  },
  'MR-COL-001': {
    message: 'The events cannot be read: {problem}.',
    remedy: 'Send one JSON object, an array of them, or one on each line, in UTF-8; nothing of the request was kept.',
    exitCode: 2,
  },
  'MR-COL-002': {
    message: 'The write key is missing, unknown or revoked.',
    remedy:
      'Send a key that `millrace keys add SOURCE` made, in the header X-Write-Key or as ?key=; nothing of the request was kept.',
    exitCode: 2,
  },
  'MR-COL-003': {
    message: 'Pages of {origin} may not send events here.',
    remedy: 'Add the origin to MILLRACE_COLLECT_ORIGINS and start the server again.',
    exitCode: 2,
  },
  'MR-COL-004': {
    message: 'The request is too large: {problem}.',
    remedy: 'Send at most 1,000 events and 1 MiB, unpacked, at a time; nothing of the request was kept.',
    exitCode: 2,
  },
  'MR-COL-005': {
    message: 'Events cannot come as {type}.',
    remedy:
      'Send application/json, application/x-ndjson or text/plain, plain or with Content-Encoding: gzip; nothing of the request was kept.',
    exitCode: 2,
  },
  'MR-COL-006': {
    message: 'This write key sends more than {rate} events per second.',
    remedy:
      'Send the request again after the seconds that Retry-After names, or raise MILLRACE_COLLECT_RATE; nothing of it was kept.',
    exitCode: 2,
  },
  'MR-COL-007': {
    message: 'Events cannot be kept at present: {problem}.',
    remedy: 'Send the request again after the seconds that Retry-After names; nothing of it was kept.',
    exitCode: 3,
  },
  'MR-COL-008': {
    message: 'There is no write key {id} to revoke.',
    remedy: '`millrace keys list` shows all keys.',
    exitCode: 2,
  },
  'MR-BUG-001': {
    message: 'Something unexpected happened: {problem}.',
    remedy:
      'This is a defect of Millrace: please report it, with the output of the same command under MILLRACE_LOG_LEVEL=debug.',
    exitCode: 3,
  },
} as const satisfies Record<`MR-${string}`, CatalogueEntry>;

/** A code of the catalogue. */
export type ErrorCode = keyof typeof errorCatalogue;

/** Fills a text of the catalogue; where no known word is near, it does not ask for one. */
const fill = (template: string, details: ErrorDetails): string =>
  (details.nearest === '' ? template.replace('Did you mean {nearest}? ', '') : template).replace(
    /\{(\w+)\}/g,
    (whole, name: string) => String(details[name] ?? whole),
  );

/** A failure that a user can understand and mend; everything else that is thrown is a defect. */
export class MillraceError extends Error {
  readonly code: ErrorCode;
  readonly remedy: string;
  readonly exitCode: ExitCode;
  readonly details: ErrorDetails;

  constructor(code: ErrorCode, details: ErrorDetails = {}, cause?: unknown) {
    const entry: CatalogueEntry = errorCatalogue[code];
    super(fill(entry.message, details), cause === undefined ? undefined : { cause });
    this.name = 'MillraceError';
    this.code = code;
    this.remedy = fill(entry.remedy, details);
    this.exitCode = entry.exitCode;
    this.details = details;
  }
}

/** The text of anything that was thrown, on one line. */
export function problemOf(thrown: unknown): string {
  const text = thrown instanceof Error ? thrown.message || thrown.name : String(thrown);
  return text
    .trim()
    .replace(/\s*\n\s*/g, ' ')
    .replace(/\.$/, '');
}

const systemCode = (thrown: unknown): string | undefined =>
  thrown instanceof Error && 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : undefined;

/** True when a file-system call failed because there is nothing at the path. */
export const isMissing = (thrown: unknown): boolean => systemCode(thrown) === 'ENOENT';

/** True when a file-system call failed because there is something at the path already. */
export const isPresent = (thrown: unknown): boolean => systemCode(thrown) === 'EEXIST';

/** True when a write failed for want of space, as the file system, DuckDB or PostgreSQL (53100) says it. */
export function isDiskFull(thrown: unknown): boolean {
  const code = systemCode(thrown);
  if (code === 'ENOSPC' || code === 'EDQUOT' || code === '53100') return true;
  return thrown instanceof Error && /no space left on device|disk full|disk quota exceeded/i.test(thrown.message);
}

/** What DuckDB says first when its limit of memory is too low; what follows is advice on settings that it has. */
const outOfMemory = /Out of Memory Error: ([^\n]*)/;

/** True when work failed for want of disk or memory: whatever it was about is not to blame. */
export const lacksRoom = (thrown: unknown): boolean =>
  isDiskFull(thrown) || (thrown instanceof Error && outOfMemory.test(thrown.message));

/** The path that a failed file-system call was about. */
const pathOf = (thrown: unknown): string | undefined =>
  thrown instanceof Error && 'path' in thrown && typeof thrown.path === 'string' ? thrown.path : undefined;

/** Turns whatever was thrown into an entry of the catalogue; `home` is named where the disk is at fault, but not where. */
export function asMillraceError(thrown: unknown, home: string): MillraceError {
  if (thrown instanceof MillraceError) return thrown;
  if (isDiskFull(thrown)) return new MillraceError('MR-DSK-001', { path: home }, thrown);
  const memory = outOfMemory.exec(thrown instanceof Error ? thrown.message : '')?.[1];
  if (memory !== undefined) return new MillraceError('MR-MEM-001', { problem: memory }, thrown);
  const code = systemCode(thrown);
  if (['EACCES', 'EROFS', 'EPERM', 'ENOTDIR', 'EEXIST'].includes(code ?? '')) {
    return new MillraceError('MR-DSK-002', { path: pathOf(thrown) ?? home, problem: problemOf(thrown) }, thrown);
  }
  return new MillraceError('MR-BUG-001', { problem: problemOf(thrown) }, thrown);
}
