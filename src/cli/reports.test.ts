/** `millrace report` and the insights of `millrace run`, through the program itself. */
import { beforeAll, describe, expect, test } from 'vitest';
import { afterTheLast, type Ended, makeHome, runMillrace, writeFiles } from '../../tests/setup/fixtures.ts';
import { smallShopAnd } from '../../tests/setup/pipeline.ts';
import { loadReport, type ReportResult } from '../metrics/reports.ts';
import { renderReport } from './reports.ts';

/** The small shop with a return of a product whose name is a formula. */
const shop = smallShopAnd({
  'products.csv': ['P3,"=HYPERLINK(""http://x"",""Mug"")",Kitchen,,1500.00,1.00,,1,'],
  'transactions.csv': [
    'T5,C2,2024-03-06,,UPI,,1500.00,sale,completed',
    'T6,C2,2024-03-07,,UPI,,-3000.00,return,completed',
  ],
  'transaction_items.csv': ['I6,T5,P3,1,1500.00,0,1500.00', 'I7,T6,P3,-2,1500.00,0,-3000.00'],
});

describe('on a small shop', () => {
  const atEnd = afterTheLast();
  let home: Readonly<Record<string, string>>;
  let run: Ended;

  beforeAll(async () => {
    home = { ...(await makeHome(atEnd)), SHOP_CURRENCY: 'EUR' };
    run = await runMillrace(['run', '--json', '--input', writeFiles(shop, atEnd)], home);
    expect(run).toMatchObject({ code: 0, stderr: '' });
  });

  const report = (...words: readonly string[]): Promise<Ended> => runMillrace(['report', ...words], home);

  test('a run has its insights as JSON: of so few days, none', () => {
    expect(JSON.parse(run.stdout)).toMatchObject({ headline: { totals: { orders: 3 } }, insights: [] });
  });

  test('list names every report with its question', async () => {
    const { code, stdout, stderr } = await report('list');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^│ pareto +│ Pareto of products +│ How few products make most of the revenue\? +│$/m);
    const listed = JSON.parse((await report('list', '--json')).stdout) as readonly { readonly name: string }[];
    expect(listed).toHaveLength(17);
    expect(listed.find(({ name }) => name === 'revenue-trend')).toMatchObject({
      title: 'Revenue trend',
      chart: { type: 'line', x: 'month' },
      columns: expect.arrayContaining([expect.objectContaining({ name: 'growth', unit: 'fraction' })]),
    });
  });

  test('a report as JSON says what it covers, in which currency, and how to draw it', async () => {
    const { code, stdout, stderr } = await report('top-products', '--json', '--limit', '1', '--to', '2024-03-06');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(JSON.parse(stdout)).toMatchObject({
      report: 'top-products',
      title: 'Top products by revenue',
      question: 'Which products bring the most revenue?',
      note: null,
      range: { from: '2024-03-01', to: '2024-03-06' },
      currency: 'EUR',
      chart: { type: 'bar', x: 'product_name', y: ['net_revenue'] },
      truncated: true,
      rows: [{ rank: 1, product_name: '=HYPERLINK("http://x","Mug")', net_revenue: 1500, share: 1500 / 1575.5 }],
    });
    expect(JSON.parse((await report('customer-growth', '--json')).stdout)).toMatchObject({ currency: null });
    expect(JSON.parse((await report('conversion-funnel', '--json')).stdout)).toMatchObject({ range: null, rows: [] });
  });

  test('a report as CSV has every row, negative numbers, and no formula', async () => {
    const { code, stdout } = await report('top-products', '--csv');
    expect(code).toBe(0);
    const [header, first, second, third] = stdout.split('\n');
    expect(header).toBe(
      loadReport('top-products')
        .columns.map(({ name }) => name)
        .join(','),
    );
    expect([first, second]).toEqual([
      expect.stringMatching(/^1,csv,P1,Kettle,Home & Kitchen,60,20,40,/),
      expect.stringMatching(/^2,csv,P2,"Desk lamp, small",Home & Kitchen,35.5,0,35.5,/),
    ]);
    expect(third).toMatch(/^3,csv,P3,"'=HYPERLINK\(""http:\/\/x"",""Mug""\)",Kitchen,1500,3000,-1500,/);
  });

  test('a report for a person has grouped numbers, percent, and what to know', async () => {
    const { stdout } = await report('weekend-weekday', '--from', '2024-03-01', '--to', '2024-03-06');
    expect(stdout).toMatch(
      /^Weekend against weekday: Does an average day .*\?\n2024-03-01 to 2024-03-06, amounts in EUR\.\n/,
    );
    expect(stdout).toContain('Averages are over all days of a kind');
    expect(stdout).toMatch(
      /│ Weekday +│ +4 │ +1,575\.50 │ +1,555\.50 │ +98\.73% │ +388\.88 │ +2 │ +0\.50 │ +787\.75 │/,
    );
    expect(stdout).toMatch(/\n2 rows\n$/);
    expect((await report('top-products', '--limit', '2')).stdout).toMatch(
      /\nThe first 2 rows; --limit all shows all\.\n$/,
    );
  });

  test.each([
    [['revenu-trend'], 'MR-QRY-004', 'Did you mean revenue-trend?'],
    [['revenue-trend', '--from', '2024-03-05', '--to', '2024-03-01'], 'MR-QRY-003', 'the first not after the last'],
  ])('%j is told of', async (words, code, told) => {
    const ended = await report(...words, '--json');
    expect(ended).toMatchObject({ code: 2, stderr: expect.stringContaining(told) });
    expect(JSON.parse(ended.stdout)).toMatchObject({ error: { code } });
  });
});

test('in a new home nothing is published to report on', async () => {
  const home = await makeHome();
  expect(await runMillrace(['report', 'pareto'], home)).toMatchObject({
    code: 2,
    stdout: '',
    stderr: expect.stringMatching(/^MR-QRY-001: /),
  });
  expect(await runMillrace(['report', 'list'], home)).toMatchObject({ code: 0 });
});

test('a report on nothing says so', () => {
  const result: ReportResult = { range: undefined, truncated: false, columns: [], rows: [] };
  expect(renderReport(loadReport('pareto'), result, 'USD')).toMatch(
    /\nNo sale and no return is in the figures yet, amounts in USD\.\n[\s\S]*\n0 rows\n$/,
  );
  expect(renderReport(loadReport('conversion-funnel'), result, 'USD')).toContain('\nNo event is in the figures yet.\n');
});
