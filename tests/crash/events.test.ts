/** Events loaded, fixed, replayed and put together, killed at five random moments: the result is the undisturbed one. */
import { killedEvents } from './events.ts';
import { describeKilled, fiveKills } from './homes.ts';

describeKilled(killedEvents, fiveKills());
