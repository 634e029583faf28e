-- What the SQL of every preset may use. Beside these there are the variables shop_currency and shop_timezone, and one
-- for each option.

-- An amount as written, DECIMAL(18,4); NULL where it is no plain decimal number or beyond a million million.
CREATE OR REPLACE MACRO amount_of(written) AS
  CASE WHEN regexp_full_match(trim(written), '[+-]?[0-9]{1,12}([.][0-9]*)?') THEN TRY_CAST(trim(written) AS DECIMAL(18, 4)) END;

-- A date with time, with or without seconds, as the shop's local time. One with an offset, Z or UTC is converted.
CREATE OR REPLACE MACRO shop_time(written) AS
  CASE
    WHEN regexp_matches(trim(written), ':[0-9.]+ *(Z|UTC|[+-][0-9]{2}:?[0-9]{2})$') THEN timezone(
      getvariable('shop_timezone'),
      TRY_CAST(
        regexp_replace(
          regexp_replace(trim(written), ' *(Z|UTC)$', '+00:00'),
          ' *([+-][0-9]{2}):?([0-9]{2})$', '\1:\2'
        ) AS TIMESTAMPTZ
      )
    )
    WHEN regexp_matches(trim(written), '^[0-9]') THEN TRY_CAST(trim(written) AS TIMESTAMP)
  END;

-- A text as an id: at most 64 characters, longer ones cut and made unique by a hash.
CREATE OR REPLACE MACRO id_of(written) AS
  CASE WHEN length(trim(written)) <= 64 THEN nullif(trim(written), '')
    ELSE left(trim(written), 47) || '-' || left(md5(trim(written)), 16) END;

-- The id of a person who is known by an email address alone; it does not show the address.
CREATE OR REPLACE MACRO person_id(email) AS
  'P' || left(sha256(nullif(lower(trim(email)), '')), 20);

-- What an amount of a currency is multiplied with: 1 for the shop's own, else the option rate_<currency>, else NULL.
CREATE OR REPLACE MACRO rate_of(currency) AS
  CASE WHEN upper(trim(currency)) = getvariable('shop_currency') THEN 1::DECIMAL(18, 8)
    ELSE getvariable('rate')[upper(trim(currency))] END;

-- An amount in the shop's currency, DECIMAL(18,4); NULL where it is too large for that.
CREATE OR REPLACE MACRO converted(amount, rate) AS
  TRY_CAST(TRY(round(amount::DECIMAL(30, 4) * rate::DECIMAL(18, 8), 4)) AS DECIMAL(18, 4));

-- An amount that cannot be used, with its currency before it: so it can be read by no rule and says why.
CREATE OR REPLACE MACRO unusable(currency, written) AS coalesce(trim(currency), 'no currency') || ' ' || coalesce(written, '?');

-- Divides what each order's lines came to among them, to the cent (largest remainder, then first place), in proportion to
-- weight, but none above its weight. What is then left of the order's target, is up to the caller.
--   lines:  order_key, place, quantity (whole, up to a million), unit_price DECIMAL(18,4), weight DECIMAL(18,2), all >= 0
--   orders: order_key, target DECIMAL(18,2) >= 0
--   gives:  order_key, place, discount_percentage DECIMAL(7,4), line_total DECIMAL(18,2)
-- For every line it holds that line_total = quantity x unit_price x (1 - discount_percentage / 100) to 0.01. Where four
-- decimals of a percentage are too coarse for that, line_total is what they give, rounded down.
-- Numbers are whole: cents; gross in ten thousandths; the discount (off) in millionths of gross.
CREATE OR REPLACE MACRO charge_lines(lines, orders) AS TABLE
WITH weighted AS (
  SELECT order_key, place,
    (unit_price::DECIMAL(30, 4) * 10000)::HUGEINT * quantity::HUGEINT AS gross,
    (weight::DECIMAL(30, 2) * 100)::HUGEINT AS weight,
    sum((weight::DECIMAL(30, 2) * 100)::HUGEINT) OVER (PARTITION BY order_key)::HUGEINT AS order_weight,
    (target::DECIMAL(30, 2) * 100)::HUGEINT AS target
  FROM (SELECT order_key, place, quantity, unit_price, weight FROM query_table(lines))
  JOIN (SELECT order_key, target FROM query_table(orders)) USING (order_key)
),
divided AS (
  SELECT *, CASE WHEN order_weight > 0 THEN weight * least(target, order_weight) // order_weight ELSE 0 END AS share,
    CASE WHEN order_weight > 0 THEN weight * least(target, order_weight) % order_weight ELSE 0 END AS remainder
  FROM weighted
),
charged AS (
  SELECT order_key, place, gross,
    share + CASE WHEN row_number() OVER (PARTITION BY order_key ORDER BY remainder DESC, place)
      <= least(target, order_weight) - sum(share) OVER (PARTITION BY order_key) THEN 1 ELSE 0 END AS cents
  FROM divided
),
discounted AS (
  SELECT *,
    CASE WHEN gross > cents * 100 THEN (1000000 * (gross - cents * 100) + gross // 2) // gross ELSE 0 END AS off,
    CASE WHEN gross > cents * 100 THEN (1000000 * (gross - cents * 100) + gross - 1) // gross ELSE 0 END AS off_up
  FROM charged
),
checked AS (
  SELECT *, abs(cents - (gross * (1000000 - off) + 50000000) // 100000000) <= 1 AS near FROM discounted
)
SELECT order_key, place,
  (CASE WHEN near THEN off ELSE off_up END::INTEGER * 0.0001)::DECIMAL(7, 4) AS discount_percentage,
  (CASE WHEN near THEN cents ELSE gross * (1000000 - off_up) // 100000000 END::DECIMAL(30, 0) * 0.01)::DECIMAL(18, 2)
    AS line_total
FROM checked;
