/** The columns of what the lake keeps of events, catalog and profiles: what is written to its files and read by the models. */
import { eventColumns } from '../../contracts/events/event-contract.ts';
import { type ReferenceName, referenceContracts } from '../../contracts/events/reference-data.ts';

/** A column of a dataset of the lake. */
export interface LakeColumn {
  readonly name: string;
  /** DuckDB's type. */
  readonly type: string;
}

const source: LakeColumn = { name: 'source', type: 'VARCHAR' };

const ofReference = (name: ReferenceName): readonly LakeColumn[] => [
  source,
  ...referenceContracts[name].columns,
  { name: 'observed_at', type: 'TIMESTAMPTZ' },
];

/** Columns by dataset, in the order of the files. Models know a dataset as `lake.` and its name. */
export const lakeShapes: Readonly<Record<'events' | ReferenceName, readonly LakeColumn[]>> = {
  events: [
    source,
    ...eventColumns,
    { name: 'received_at', type: 'TIMESTAMPTZ' },
    { name: 'batch_id', type: 'VARCHAR' },
  ],
  catalog: ofReference('catalog'),
  profiles: ofReference('profiles'),
};
