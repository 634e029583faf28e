/** As events.test.ts, at a hundred moments, ten in each home. */
import { killedEvents } from './events.ts';
import { describeKilled, hundredKills } from './homes.ts';

describeKilled(killedEvents, hundredKills());
