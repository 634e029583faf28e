/** Programs beyond npm that some tests need: scripts/test.mjs provides them, and names them in the environment. */

/**
 * The path of a program; undefined where its tests are to be left out.
 * Throws when every test must run (TEST_REQUIRE_ALL) and the program is not there.
 */
export function findTool(name: 'chromium' | 'dbt'): string | undefined {
  const variable = `TEST_${name.toUpperCase()}`;
  const path = process.env[variable];
  if (!path && process.env.TEST_REQUIRE_ALL) throw new Error(`${variable} names no program, and every test must run`);
  return path || undefined;
}

/** What follows the name of tests that are left out for want of the program. */
export const whyLeftOut = (name: 'chromium' | 'dbt', path: string | undefined): string =>
  path ? '' : ` (TEST_${name.toUpperCase()} names no program)`;
