/** Write keys and the collector through the program itself. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ensureDashboard } from '../../scripts/dashboard.mjs';
import { readEventContract } from '../../src/contracts/events/contract-file.ts';
import { eventJsonSchema } from '../../src/contracts/events/json-schema.ts';
import { startServer } from '../browser/browser.ts';
import { makeHome, runMillrace } from '../setup/fixtures.ts';

test('a key that was made lets events in; what was taken is loaded when the server has ended', async () => {
  await ensureDashboard(() => {});
  const home = await makeHome();
  const added = await runMillrace(['keys', 'add', 'web', '--json'], home);
  const { id, key } = JSON.parse(added.stdout) as { readonly id: string; readonly key: string };
  expect(added).toMatchObject({ code: 0, stderr: '' });
  const listed = await runMillrace(['keys', 'list'], home);
  expect(listed.stdout).toContain(id);
  expect(listed.stdout).not.toContain(key);

  const { address, stop } = await startServer(home);
  const send = () =>
    fetch(`${address}/v1/events`, {
      method: 'POST',
      body: '{"event_id":"EVT_0000000000000001"}',
      headers: { 'content-type': 'application/json', 'x-write-key': key },
    });
  const answer = await send();
  expect([answer.status, await answer.json()]).toMatchObject([
    202,
    { accepted: 0, rejected: 1, events: [{ rules: expect.arrayContaining(['events.session_id.required']) }] },
  ]);
  const schema = await (await fetch(`${address}/api/schema/event.json`)).json();
  expect(schema).toEqual(eventJsonSchema(readEventContract(home.MILLRACE_HOME)));
  const status = await (await fetch(`${address}/api/collector`)).json();
  expect(status).toMatchObject({ state: 'open', sources: [{ source: 'web', open: { events: 1 } }] });
  expect(await stop()).toBe(0);
  expect(readdirSync(join(home.MILLRACE_HOME, 'raw', 'collector', 'web'))).toEqual([]);
  const held = await runMillrace(['quarantine', 'list', '--table', 'events', '--json'], home);
  expect(JSON.parse(held.stdout)).toMatchObject([
    { source: 'web', line: 1, content: { record: '{"event_id":"EVT_0000000000000001"}' } },
  ]);

  const revoked = await runMillrace(['keys', 'revoke', id, '--json'], home);
  expect(JSON.parse(revoked.stdout)).toMatchObject({ id, source: 'web', revokedAt: expect.any(String) });
  expect(await runMillrace(['keys', 'revoke', 'key_0', '--json'], home)).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('MR-COL-008'),
  });
});
