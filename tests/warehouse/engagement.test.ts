/** Events, sessions, days and the funnel, against figures worked out by hand and those of a recount. */
import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import type { DuckDB, Row } from '../../src/stores/duckdb/duckdb.ts';
import { eventRows, smallClicks } from '../setup/lake.ts';
import { buildModels, emptyProduction, fill, sqlOf, warehouseProject } from './production.ts';

/** The models of events, without those of sales. */
const eventModels = [
  ...['stg_events', 'stg_catalog', 'stg_users', 'int_session_days', 'int_purchases', 'int_sessions'],
  ...['int_user_journey', 'int_product_sessions', 'fct_daily_engagement', 'fct_funnel', 'fct_revenue', 'dim_users'],
];

const inUtc = await warehouseProject();

let duckdb: DuckDB;

beforeEach(async () => {
  duckdb = await emptyProduction();
});

const build = (project = inUtc, models = eventModels): Promise<void> => buildModels(project, duckdb, models);

async function buildEvents(events: readonly Row[], project = inUtc, models = eventModels): Promise<void> {
  await fill(duckdb, 'lake.events', events);
  await build(project, models);
}

/** Rows as arrays of the columns asked for. */
const read = async (sql: string): Promise<readonly unknown[]> =>
  (await duckdb.rows(sql)).map((row) => Object.values(row));

const at = (seconds: number): string => new Date(Date.UTC(2024, 1, 1, 12) + seconds * 1000).toISOString();

describe('an event', () => {
  test('has what its properties say of order, quantity and search, as far as they say it', async () => {
    const properties = [
      '{"order_id":"T1","quantity":2,"query":"red  shoes"}',
      '{"order_id":17,"quantity":"3","query":" "}',
      '{"order_id":null,"quantity":1.5,"query":null}',
      '{"order_id":" T2 ","quantity":-1}',
      '{"order_id":"","quantity":"many","nested":{"order_id":"T9"}}',
      '{"quantity":99999999999999999999}',
      '{}',
      null,
    ];
    await buildEvents(eventRows(properties.map((each) => ['search', 'U', 'S', at(0), { properties: each }])));
    expect(await read('SELECT order_id, quantity, search_query FROM stg_events ORDER BY event_id')).toEqual([
      ['T1', 2, 'red  shoes'],
      ['17', 3, null],
      [null, null, null],
      ['T2', -1, null],
      [null, null, null],
      [null, null, null],
      [null, null, null],
      [null, null, null],
    ]);
  });

  test('brings revenue when its amount is above 0', async () => {
    await buildEvents(
      eventRows([
        ['purchase', 'U', 'S', at(0), { revenue_amount: '0.01' }],
        ['purchase', 'U', 'S', at(0), { revenue_amount: '0' }],
        ['page_view', 'U', 'S', at(0)],
      ]),
    );
    expect(await read('SELECT is_revenue_event FROM stg_events ORDER BY event_id')).toEqual([[true], [false], [false]]);
  });

  test.each([
    [
      'America/New_York, where clocks went from 02:00 to 03:00 on 10 March',
      [
        ['2024-03-10T04:59:59.999Z', '2024-03-09', 23, 6, true],
        ['2024-03-10T05:00:00Z', '2024-03-10', 0, 0, true],
        ['2024-03-10T06:59:59Z', '2024-03-10', 1, 0, true],
        ['2024-03-10T07:00:00Z', '2024-03-10', 3, 0, true],
        ['2024-03-11T03:59:59Z', '2024-03-10', 23, 0, true],
        ['2024-03-11T04:00:00Z', '2024-03-11', 0, 1, false],
      ],
    ],
    [
      'Europe/London, where an hour came twice on 27 October',
      [
        ['2024-10-26T22:59:59Z', '2024-10-26', 23, 6, true],
        ['2024-10-26T23:00:00Z', '2024-10-27', 0, 0, true],
        ['2024-10-27T00:30:00Z', '2024-10-27', 1, 0, true],
        ['2024-10-27T01:30:00Z', '2024-10-27', 1, 0, true],
        ['2024-10-28T00:00:00Z', '2024-10-28', 0, 1, false],
      ],
    ],
    ['Asia/Kolkata, half an hour beside the others', [['2024-02-29T18:30:00Z', '2024-03-01', 0, 5, false]]],
    ['UTC, at the end of a leap day', [['2024-02-29T23:59:59.999999Z', '2024-02-29', 23, 4, false]]],
  ] as const)('is on the day of the shop, in %s', async (place, instants) => {
    const events = eventRows(instants.map(([instant], index) => ['page_view', 'U', `S${index}`, instant]));
    await buildEvents(events, await warehouseProject(place.split(',')[0]));
    expect(
      await read('SELECT event_date, event_hour, day_of_week, is_weekend FROM stg_events ORDER BY event_timestamp'),
    ).toEqual(instants.map(([, ...rest]) => rest));
    const days = instants.map(([, day]) => day);
    expect(await read('SELECT session_date FROM int_sessions ORDER BY session_start')).toEqual(
      days.map((day) => [day]),
    );
    const counted = [...Map.groupBy(days, (day) => day)].map(([day, all]) => [day, all.length]);
    expect(await read('SELECT date, total_events FROM fct_daily_engagement ORDER BY date')).toEqual(counted);
  });
});

describe('a session', () => {
  test('is as long as from its first to its last event, in whole seconds', async () => {
    const lengths = [
      ['12:00:00', 0, 'Bounce'],
      ['12:00:29', 29, 'Bounce'],
      ['12:00:29.999999', 29, 'Bounce'],
      ['12:00:30', 30, 'Quick'],
      ['12:01:59.9', 119, 'Quick'],
      ['12:02:00', 120, 'Engaged'],
      ['12:09:59', 599, 'Engaged'],
      ['12:10:00', 600, 'Deep'],
      ['12:30:00', 1800, 'Deep'],
      ['12:30:01', 1801, 'Extended'],
    ] as const;
    const events = lengths.flatMap(([end]) => [
      ['page_view', 'U', `until ${end}`, `2024-02-01T${end}Z`] as const,
      ['page_view', 'U', `until ${end}`, '2024-02-01T12:00:00Z'] as const,
    ]);
    await buildEvents(eventRows(events));
    expect(
      await read(
        'SELECT session_id, session_duration_seconds, duration_category FROM int_sessions ORDER BY session_end',
      ),
    ).toEqual(lengths.map(([end, ...rest]) => [`until ${end}`, ...rest]));
  });

  test('is as good as what was done in it', async () => {
    const sessions = [
      [['page_view', 'product_view', 'search', 'product_view'], 7, 'Low'],
      [['begin_checkout'], 8, 'Medium'],
      [['add_to_cart', 'add_to_cart', 'product_view', 'product_view', 'search', 'search', 'page_view'], 19, 'Medium'],
      [['add_to_cart', 'add_to_cart', 'add_to_cart', 'add_to_cart'], 20, 'High'],
      [Array<string>(150).fill('page_view'), 100, 'High'],
      [['purchase'], 20, 'Converted'],
      [Array<string>(6).fill('purchase'), 100, 'Converted'],
      [['login', 'signup', 'remove_from_cart', 'wishlist'], 0, 'Low'],
    ] as const;
    const amount = (type: string): Row => (type === 'purchase' ? { revenue_amount: '1' } : {});
    const events = sessions.flatMap(([types], index) =>
      types.map((type) => [type, 'U', `S${index}`, at(0), amount(type)] as const),
    );
    await buildEvents(eventRows(events));
    expect(
      await read('SELECT engagement_score, session_quality, is_converted FROM int_sessions ORDER BY session_id'),
    ).toEqual(sessions.map(([, score, quality]) => [score, quality, quality === 'Converted']));
  });

  test('has what its first event has, also when that is nothing; of one instant the smallest id is first', async () => {
    const late = { device_type: 'tablet', country_code: 'FR', traffic_source: 'email' };
    await buildEvents(
      eventRows([
        ['page_view', 'U', 'late', at(9), late],
        ['page_view', 'U', 'late', at(1), { device_type: 'desktop', traffic_source: 'social' }],
        ['page_view', 'U', 'same', at(1), { device_type: 'desktop', country_code: 'GB', event_id: 'EVT_b' }],
        ['page_view', 'U', 'same', at(1), { ...late, event_id: 'EVT_a' }],
      ]),
    );
    expect(
      await read('SELECT session_id, device_type, country_code, traffic_source FROM int_sessions ORDER BY 1'),
    ).toEqual([
      ['late', 'desktop', null, 'social'],
      ['same', 'tablet', 'FR', 'email'],
    ]);
  });

  test('is one of a user of a source: others may send the same id, and no ids look alike', async () => {
    await buildEvents(
      eventRows([
        ['page_view', 'U1', 'S', at(0)],
        ['page_view', 'U2', 'S', at(0)],
        ['page_view', 'U1', 'S', at(0), { source: 'app' }],
        ['page_view', 'a|b', 'c', at(0)],
        ['page_view', 'a', 'b|c', at(0)],
        ['page_view', 'a%7Cb', 'c', at(0)],
        ['page_view', 'U1', 'S', at(5)],
      ]),
    );
    expect(await read('SELECT session_natural_key, total_events FROM int_sessions ORDER BY 1')).toEqual([
      ['app|U1|S', 1],
      ['web|U1|S', 2],
      ['web|U2|S', 1],
      ['web|a%257Cb|c', 1],
      ['web|a%7Cb|c', 1],
      ['web|a|b|c', 1],
    ]);
    expect(await read('SELECT daily_active_users, total_sessions FROM fct_daily_engagement')).toEqual([[6, 6]]);
  });

  test('counts orders: lines of one order once, a purchase without an order by itself', async () => {
    const line = (amount: string, order?: string): Row => ({
      revenue_amount: amount,
      ...(order && { properties: JSON.stringify({ order_id: order }) }),
    });
    await buildEvents(
      eventRows([
        ['purchase', 'U', 'S', at(0), line('10.00', 'T1')],
        ['purchase', 'U', 'S', at(0), line('0.05', 'T1')],
        ['purchase', 'U', 'S', at(0), line('20.00')],
        ['purchase', 'U', 'S', at(0), line('30.00')],
        // the id of an order is no id of an event
        ['purchase', 'U', 'S', at(0), line('1.00', 'EVT_0003')],
        // not bought
        ['begin_checkout', 'U', 'S', at(0), { properties: '{"order_id":"T2"}' }],
        ['purchase', 'V', 'S', at(0), { ...line('5.00', 'T1'), source: 'app' }],
      ]),
    );
    expect(
      await read('SELECT source, purchase_events, purchases, session_revenue FROM int_sessions ORDER BY 1'),
    ).toEqual([
      ['app', 1, 1, 5],
      ['web', 5, 4, 61.05],
    ]);
    expect(
      await read('SELECT purchases, total_revenue, avg_order_value, revenue_per_user FROM fct_daily_engagement'),
    ).toEqual([[5, 66.05, 13.21, 33.03]]);
  });

  test('counts events by type, and all of them', async () => {
    await buildEvents([
      ...smallClicks,
      ...eventRows([['wishlist', 'C1', 'S1', '2024-02-29T00:07:00Z', { event_id: 'X' }]]),
    ]);
    expect(
      await duckdb.rows(
        `SELECT * EXCLUDE (session_natural_key, user_natural_key, source, engagement_score) FROM int_sessions WHERE session_id = 'S1'`,
      ),
    ).toEqual([
      {
        user_id: 'C1',
        session_id: 'S1',
        session_start: '2024-02-28 22:58:00+00',
        session_end: '2024-02-29 00:07:00+00',
        session_duration_seconds: 4140,
        session_date: '2024-02-28',
        device_type: 'mobile',
        country_code: 'GB',
        traffic_source: 'social',
        total_events: 8,
        page_views: 1,
        product_views: 1,
        searches: 1,
        add_to_cart_events: 1,
        remove_from_cart_events: 0,
        begin_checkouts: 1,
        purchase_events: 2,
        signups: 0,
        logins: 0,
        purchases: 1,
        session_revenue: 75.5,
        duration_category: 'Extended',
        is_converted: true,
        session_quality: 'Converted',
      },
    ]);
  });
});

describe('days', () => {
  test('have events of their own and sessions that began on them, and no gap', async () => {
    await buildEvents(smallClicks);
    expect(
      await read(`SELECT date, daily_active_users, new_users, total_sessions, total_events, page_views, product_views,
        add_to_carts, purchases, total_revenue, conversion_rate, avg_order_value, revenue_per_user
        FROM fct_daily_engagement ORDER BY date`),
    ).toEqual([
      // the session of C1 goes on after midnight, and buys then
      ['2024-02-28', 1, 1, 1, 4, 1, 1, 1, 0, 0, 1, null, 0],
      ['2024-02-29', 3, 2, 2, 6, 1, 1, 1, 1, 75.5, 0, 75.5, 25.17],
      ...[1, 2, 3, 4, 5, 6].map((day) => [`2024-03-0${day}`, 0, 0, 0, 0, 0, 0, 0, 0, 0, null, null, null]),
      ['2024-03-07', 1, 0, 1, 1, 1, 0, 0, 0, 0, 0, null, 0],
    ]);
  });

  test('average seven days of the calendar, fewer at first, and change against those before', async () => {
    await buildEvents(smallClicks);
    expect(
      await read(`SELECT date, dau_7d_avg, revenue_7d_avg, dau_dod_change, dau_wow_change, revenue_wow_change
        FROM fct_daily_engagement ORDER BY date`),
    ).toEqual([
      ['2024-02-28', 1, 0, null, null, null],
      ['2024-02-29', 2, 37.75, 2, null, null],
      ['2024-03-01', 4 / 3, 25.17, -1, null, null],
      ['2024-03-02', 1, 18.88, null, null, null],
      ['2024-03-03', 4 / 5, 15.1, null, null, null],
      ['2024-03-04', 4 / 6, 12.58, null, null, null],
      ['2024-03-05', 4 / 7, 10.79, null, null, null],
      ['2024-03-06', 3 / 7, 10.79, null, -1, null],
      ['2024-03-07', 1 / 7, 0, null, -2 / 3, -1],
    ]);
  });

  test('have users at each stage that they reached, or passed', async () => {
    await buildEvents(smallClicks);
    const empty = [0, 0, 0, 0, 0, null, null, null, null, null, null, null];
    expect(await read('FROM fct_funnel ORDER BY date')).toEqual([
      ['2024-02-28', 1, 1, 1, 0, 0, 1, 1, 0, null, 0, 0, 0],
      // C1 buys without having looked at anything that day, G1 bounces, C2 leaves a cart behind
      ['2024-02-29', 3, 2, 2, 1, 1, 2 / 3, 1, 1 / 2, 1, 1 / 3, 1 / 2, 1],
      ...[1, 2, 3, 4, 5, 6].map((day) => [`2024-03-0${day}`, ...empty]),
      ['2024-03-07', 1, 0, 0, 0, 0, 0, null, null, null, 0, 1, null],
    ]);
  });

  test('know a bounce and a cart: one page view and nothing else; a checkout is a cart, taking out is none', async () => {
    await buildEvents(
      eventRows([
        ['page_view', 'A', 'bounced', at(0)],
        ['product_view', 'A', 'one view of a product', at(0)],
        ['page_view', 'A', 'two views', at(0)],
        ['page_view', 'A', 'two views', at(0)],
        ['remove_from_cart', 'B', 'taken out', at(0)],
        ['begin_checkout', 'C', 'checkout alone', at(0)],
        ['purchase', 'D', 'purchase alone', at(0), { revenue_amount: '1' }],
        ['add_to_cart', 'E', 'cart', at(0)],
      ]),
    );
    expect(
      await read(`SELECT users_at_site, users_at_product, users_at_cart, users_at_checkout, users_at_purchase, bounce_rate,
        cart_abandonment_rate FROM fct_funnel`),
    ).toEqual([[5, 4, 3, 2, 1, 1 / 7, 2 / 3]]);
  });

  test('are none without events, and all models build and pass', async () => {
    await build(inUtc, []);
    for (const name of ['stg_events', 'stg_catalog', 'stg_users', 'int_sessions', 'fct_daily_engagement', 'fct_funnel'])
      expect(await duckdb.rows(`FROM ${name}`)).toEqual([]);
    expect(await duckdb.rows('FROM dim_date')).toEqual([]);
  });

  test('of events are in dim_date, and change no aggregate of sales', async () => {
    await buildEvents(smallClicks, inUtc, []);
    expect(await read('SELECT min(date), max(date), count(*) FROM dim_date')).toEqual([
      ['2024-02-28', '2024-12-31', 308],
    ]);
    const observed_at = '2024-03-01T00:00:00Z';
    const [source, transaction_id, product_id] = ['csv', 'T1', 'P1'];
    await fill(duckdb, 'product_snapshots', [
      { source, product_id, product_name: 'Kettle', category: 'Home', price: '20', observed_at, content_hash: 'h' },
    ]);
    const sale = { payment_method: 'UPI', transaction_type: 'sale', status: 'completed', observed_at };
    const at3 = '2024-03-03T00:00:00Z';
    await fill(duckdb, 'transactions', [{ source, transaction_id, transaction_at: at3, ...sale }]);
    const amounts = { quantity: 1, unit_price: '20', discount_percentage: '0', line_total: '20' };
    await fill(duckdb, 'transaction_items', [
      { source, item_id: 'I1', transaction_id, product_id, observed_at, ...amounts },
    ]);
    await build(inUtc, []);
    expect(await read('SELECT date, revenue, revenue_7d_avg FROM agg_daily_sales')).toEqual([['2024-03-03', 20, 20]]);
    expect(await read('SELECT min(date), max(date) FROM dim_date')).toEqual([['2024-02-28', '2024-12-31']]);
  });
});

describe('catalog and profiles', () => {
  test('products are in tiers by price and rating', async () => {
    const products = [
      ['0.01', '0', 'Budget', 'Poor'],
      ['24.9999', '4.5', 'Budget', 'Excellent'],
      ['25', '4.49', 'Mid-Range', 'Good'],
      ['99.9999', '4', 'Mid-Range', 'Good'],
      ['100', '3.99', 'Premium', 'Average'],
      ['499.9999', '3', 'Premium', 'Average'],
      ['500', '2.99', 'Luxury', 'Poor'],
      ['600', null, 'Luxury', 'Unrated'],
    ] as const;
    const rows = products.map(([price, rating]) => ({ source: 'web', product_id: `at ${price}`, price, rating }));
    await fill(duckdb, 'lake.catalog', rows);
    await build();
    expect(await read('SELECT product_natural_key, price_tier, rating_tier FROM stg_catalog ORDER BY price')).toEqual(
      products.map(([price, , ...tiers]) => [`web|at ${price}`, ...tiers]),
    );
  });

  const created: readonly (readonly [string | null, number | null, string | null])[] = [
    ['2024-03-07T10:00:01Z', 0, 'New'],
    ['2024-03-08T00:00:00Z', 0, 'New'],
    ['2024-03-06T23:59:59Z', 1, 'New'],
    ['2024-02-07T00:00:00Z', 29, 'New'],
    ['2024-02-06T23:59:59Z', 30, 'Growing'],
    ['2023-09-10T00:00:00Z', 179, 'Growing'],
    ['2023-09-09T00:00:00Z', 180, 'Established'],
    ['2022-03-09T00:00:00Z', 729, 'Established'],
    ['2022-03-08T00:00:00Z', 730, 'Loyal'],
    [null, null, null],
  ];

  test('accounts are as old as on the day of the last event', async () => {
    const profiles = created.map(([account_created_at], index) => ({
      source: 'web',
      user_id: `U${index}`,
      account_created_at,
      observed_at: '2024-04-01T00:00:00Z',
    }));
    await fill(duckdb, 'lake.profiles', profiles);
    await buildEvents(smallClicks);
    expect(await read('SELECT account_age_days, tenure_tier FROM stg_users ORDER BY user_id')).toEqual(
      created.map(([, days, tier]) => [days, tier]),
    );
  });

  test('without events they are as old as on the day of the latest profile', async () => {
    const profile = { source: 'web', account_created_at: '2024-03-01T00:00:00Z' };
    await fill(duckdb, 'lake.profiles', [
      { ...profile, user_id: 'U1', observed_at: '2024-03-11T04:00:00Z' },
      { ...profile, user_id: 'U2', observed_at: '2024-03-05T04:00:00Z' },
    ]);
    await build();
    expect(await read('SELECT account_age_days FROM stg_users')).toEqual([[10], [10]]);
  });
});

describe('whatever comes', () => {
  const types = ['page_view', 'product_view', 'add_to_cart', 'begin_checkout', 'purchase', 'search', 'wishlist'];
  const anyEvent = fc.record({
    type: fc.constantFrom(...types),
    user: fc.constantFrom('A', 'B', 'C|D'),
    session: fc.constantFrom('S1', 'S2'),
    source: fc.constantFrom('web', 'app'),
    minute: fc.integer({ min: 0, max: 12 * 24 * 60 }),
    cents: fc.integer({ min: 0, max: 100_000 }),
    order: fc.option(fc.constantFrom('T1', 'T2', 'T3')),
  });
  type Drawn = typeof anyEvent extends fc.Arbitrary<infer Value> ? Value : never;

  const rowsOf = (events: readonly Drawn[]): readonly Row[] =>
    eventRows(
      events.map(({ type, user, session, source, minute, cents, order }) => [
        type,
        user,
        session,
        at(minute * 60),
        {
          source,
          ...(type === 'purchase' && { revenue_amount: (cents / 100).toFixed(2) }),
          ...(order && { properties: JSON.stringify({ order_id: order }) }),
        },
      ]),
    );

  const dayOf = ({ minute }: Drawn): string => at(minute * 60).slice(0, 10);
  const distinct = (values: readonly unknown[]): number => new Set(values).size;

  /** Per day with events: users, events, orders, revenue in cents, users with a cart or more. */
  function recount(events: readonly Drawn[]): readonly unknown[] {
    const days = [...Map.groupBy(events, dayOf)].sort(([one], [other]) => (one < other ? -1 : 1));
    return days.map(([day, all]) => {
      const purchases = all.filter(({ type }) => type === 'purchase');
      const carts = all.filter(({ type }) => ['add_to_cart', 'begin_checkout', 'purchase'].includes(type));
      return [
        day,
        distinct(all.map(({ source, user }) => `${source} ${user}`)),
        all.length,
        distinct(purchases.map((each) => (each.order ? `${each.source} ${each.order}` : each))),
        purchases.reduce((sum, { cents }) => sum + cents, 0),
        distinct(carts.map(({ source, user }) => `${source} ${user}`)),
      ];
    });
  }

  test('days are what a recount gives, sessions and days add up, and the order of arrival changes nothing', async () => {
    const shuffled = fc
      .array(anyEvent, { minLength: 1, maxLength: 40 })
      .chain((events) =>
        fc.tuple(fc.constant(events), fc.shuffledSubarray([...events.keys()], { minLength: events.length })),
      );
    await fc.assert(
      fc.asyncProperty(shuffled, async ([events, order]) => {
        const rows = rowsOf(events);
        await buildEvents(rows);
        expect(
          await read(`SELECT date, daily_active_users, total_events, purchases, (total_revenue * 100)::BIGINT, users_at_cart
            FROM fct_daily_engagement JOIN fct_funnel USING (date) WHERE total_events > 0 ORDER BY date`),
        ).toEqual(recount(events));
        const tables = ['int_sessions', 'fct_daily_engagement', 'fct_funnel'];
        const contents = () => Promise.all(tables.map((name) => duckdb.rows(`FROM ${name} ORDER BY ALL`)));
        const before = await contents();
        await buildEvents(order.map((index) => rows[index] ?? {}));
        expect(await contents()).toEqual(before);
      }),
      { numRuns: 12 },
    );
  });
});

test('the tests of the project find what is wrong', async () => {
  await buildEvents(smallClicks);
  const harms = [
    [`UPDATE lake.events SET session_id = NULL WHERE event_id = 'EVT_0001'`, 'events_are_whole'],
    [`UPDATE lake.events SET revenue_amount = 1 WHERE event_id = 'EVT_0001'`, 'events_are_whole'],
    ['INSERT INTO lake.events FROM lake.events LIMIT 1', 'events_are_unique'],
    [`DELETE FROM lake.events WHERE event_id = 'EVT_0001'`, 'engagement_adds_up_to_events'],
    [`UPDATE lake.events SET user_id = 'X' WHERE event_id = 'EVT_0001'`, 'engagement_adds_up_to_events'],
    [`UPDATE int_sessions SET user_natural_key = 'web|X' WHERE session_id = 'S4'`, 'engagement_adds_up_to_events'],
    ['INSERT INTO int_product_sessions FROM int_product_sessions LIMIT 1', 'product_sessions_are_unique'],
    ['DELETE FROM int_product_sessions WHERE purchase_events = 0', 'product_sessions_add_up_to_session_days'],
    ['UPDATE int_product_sessions SET purchase_events = 2', 'product_sessions_add_up_to_session_days'],
    ['DELETE FROM int_sessions WHERE page_views = 1', 'engagement_adds_up_to_events'],
    [
      'UPDATE fct_daily_engagement SET total_revenue = total_revenue + 0.01 WHERE purchases = 1',
      'engagement_adds_up_to_events',
    ],
    ['UPDATE fct_daily_engagement SET new_users = new_users + 1 WHERE purchases = 1', 'engagement_adds_up_to_events'],
    ['DELETE FROM fct_funnel WHERE users_at_site = 3', 'engagement_adds_up_to_events'],
    ['DELETE FROM fct_funnel WHERE users_at_site = 0', 'engagement_days_have_no_gap'],
    ['DELETE FROM fct_daily_engagement WHERE total_events = 0', 'engagement_days_have_no_gap'],
    ['UPDATE fct_funnel SET users_at_checkout = 9', 'funnel_narrows'],
  ] as const;
  for (const [harm, name] of harms) {
    const sql = await sqlOf(inUtc, duckdb, name);
    expect([name, await duckdb.rows(sql)]).toEqual([name, []]);
    await duckdb.run(`BEGIN; ${harm}`);
    expect([harm, (await duckdb.rows(sql)).length]).toEqual([harm, expect.toSatisfy((found) => found > 0)]);
    await duckdb.run('ROLLBACK');
  }
});
