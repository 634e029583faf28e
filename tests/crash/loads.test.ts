/** Loads, a revert, fixes and a replay, killed at five random moments and given again: the result is the undisturbed one. */
import { describeKilled, fiveKills } from './homes.ts';
import { killedLoads } from './loads.ts';

describeKilled(killedLoads, fiveKills());
