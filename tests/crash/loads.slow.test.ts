/** As loads.test.ts, at a hundred moments, ten in each home. */
import { describeKilled, hundredKills } from './homes.ts';
import { killedLoads } from './loads.ts';

describeKilled(killedLoads, hundredKills());
