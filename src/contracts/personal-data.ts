/** Personal data in text: email addresses, phone and card numbers, told from what looks like them, and masked in DuckDB. */
import { hmacPads } from '../kernel/hmac.ts';
import { sqlText } from '../stores/duckdb/duckdb.ts';

/** What a customer's email must be, in lower case and without blanks around it, as a regular expression of DuckDB. */
export const emailAddress = String.raw`[^@\s,;<>"]+@[^@\s,;<>".]+(\.[^@\s,;<>".]+)*\.[a-z0-9-]{2,}`;

// Within mask_json, U+0001 and U+0002 stand around what a backslash escaped, U+0003 for a quote and U+0004 for a backslash.

/** What ends the local part of an address that stands in text, to its left. */
const notLocal = String.raw`\s\pZ\x00-\x1f@,;:<>()\[\]"\\/?&=#|{}`;
const quotedLocal = (quote: string): string => `${quote}[^"\\x03@]{1,64}${quote}`;
const domain = String.raw`(?:(?:[\pL\pN](?:[\pL\pM\pN-]*[\pL\pM\pN])?\.)+(?:xn--[a-zA-Z0-9-]+|\pL[\pL\pM]+)|\[(?:IPv6:|[0-9])[0-9a-fA-F:.]+\])`;
/** In text and in addresses of pages, where %40 stands for the @. */
const emailWith = (quote: string): string =>
  `(?:${quotedLocal(quote)}|[^${notLocal}'][^${notLocal}]*)(?:@|%40)${domain}`;
const email = emailWith('"');
const emailInJson = emailWith('\\x03');

/** Spaces and dashes, also those that do not break. */
const blankOrDash = String.raw` \-\x{a0}\x{2010}-\x{2014}\x{202f}`;
const single = `[./${blankOrDash}]`;
const between = `(?: ?${single} ?)`;
/** Where a number without a country begins: not within an id, a date or another number. */
const begin = `(^|[^0-9A-Za-z_./+-])`;

const international = String.raw`(?:\+|%2[Bb])[ (]{0,2}[1-9](?:[()./${blankOrDash}]{0,3}[0-9]){7,14}\b`;
/** 0171 123 4567, 03-1234-5678: three or four groups. */
const inGroups = String.raw`0[1-9][0-9]{0,4}${between}[0-9]{3,4}${between}[0-9]{2,4}(?:${between}[0-9]{2,4})?\b`;
/** 06 12 34 56 78 and 0470 12 34 56. */
const inPairs = String.raw`0[1-9](?:[ .-][0-9]{2}){4}\b|0[1-9][0-9]{1,4}(?: ?[/-] ?| )[0-9]{2}(?: [0-9]{2,3}){2,3}\b`;
/** (020) 7946 0958, (212) 555-1234. */
const inBrackets = String.raw`\([0-9]{2,5}\)[ -]?(?:[0-9]{3,5}[ .-]?[0-9]{3,4}|[0-9]{2,3}(?:[ .-][0-9]{2,3}){2,3})\b`;
const northAmerican = String.raw`(?:1[ .-])?[2-9][0-9]{2}[ .-][0-9]{3}[ .-][0-9]{4}\b`;
/** 0171 1234567, 0044 20 7946 0958: what ids could be, but for the blank. */
const withBlank = String.raw`0[1-9][0-9]{0,4} [0-9]{5,8}\b|00[1-9][0-9]{0,2} [(0-9](?:[()./${blankOrDash}]{0,3}[0-9]){5,11}\b`;
/** 0171/1234567, 07911123456, 00442079460958: what ids could be. */
const undivided = String.raw`0[1-9][0-9]{0,4}${between}[0-9]{5,8}\b|0[1-9][0-9]{8,9}\b|00[1-9](?:[()./${blankOrDash}]{0,3}[0-9]){9,13}\b`;

const spelledOut = `${inGroups}|${inPairs}|${northAmerican}|${withBlank}`;
/** What is a phone number even as the whole of an id. */
const phoneInId = `${international}|${inBrackets}|${begin}(?:${spelledOut})`;

/** A run of digits in which single blanks or dashes may stand. */
const cardSeparator = `(?:[+${blankOrDash}]|%20)`;
const digitRun = `[0-9]+(?:${cardSeparator}[0-9]+)*`;
const digitGroup = `[0-9]+${cardSeparator}?`;
/** Four digits or more, then groups of at least three, of which the last may be shorter. */
const cardGroups = `[0-9]{4,}(?:${cardSeparator}[0-9]{3,})*(?:${cardSeparator}[0-9]+)?`;
/** The most groups: 4-4-4-4-3. */
const mostGroups = 5;

/** Prefixes and lengths of the brands (ISO/IEC 7812). */
const brands = [
  '4[0-9]{15}(?:[0-9]{3})?', // Visa
  '5[1-5][0-9]{14}|(?:222[1-9]|22[3-9][0-9]|2[3-6][0-9]{2}|27[01][0-9]|2720)[0-9]{12}', // Mastercard
  '3[47][0-9]{13}', // American Express
  '(?:6011|65[0-9]{2}|64[4-9][0-9])[0-9]{12}(?:[0-9]{3})?', // Discover
  '3(?:0[0-5]|6[0-9]|8[0-9])[0-9]{11}', // Diners Club
  '35[0-9]{14}(?:[0-9]{3})?', // JCB
  '62[0-9]{14,17}', // UnionPay
  '(?:5[0678]|6[0-9])[0-9]{14,17}', // Maestro
].join('|');

/** Visa once had thirteen digits. So have the bar codes of goods, hence only with separators. */
const oldVisa = `4[0-9]{3}(?:${cardSeparator}[0-9]{3}){3}`;

const mayHoldCard = `[2-6][0-9]{3}(?:${cardSeparator}?[0-9]){9}`;

/** One pass over a text: true for all in which anything is masked, and for few others. */
const looks = [
  '@|%40',
  String.raw`(?:\+|%2[Bb])[ (]{0,2}[1-9]`,
  String.raw`\b0[0-9](?:[()./${blankOrDash}]{0,3}[0-9]){5}`,
  String.raw`\([0-9]{2,5}\)[ -]?[0-9]`,
  '[2-9][0-9]{2}[ .-][0-9]{3}[ .-][0-9]{4}',
  mayHoldCard,
].join('|');

/** Keys whose values are phone numbers, also when they are nothing but digits. */
const phoneKey = `(?i:(?:phone|mobile|whatsapp|msisdn|\\b(?:tel|fax|cell)|_(?:tel|fax|cell))(?:[ _-]?(?:number|num|no|nr))?)`;
const phoneValue = String.raw`${phoneKey}":[\s\["]*[0-9]{7}`;
/** A number of more than ten digits with an exponent. */
const longNumber = String.raw`[0-9]\.[0-9]{9,}[eE]`;
const looksInJson = `${looks}|${phoneValue}|${longNumber}`;

const macro = (signature: string, body: string): string => `CREATE OR REPLACE MACRO ${signature} AS ${body};`;

// A macro puts the text of its arguments wherever it names them; a list of one and a lambda make a value of it first.
const cards = [
  // The sum of the digits, every second from the right doubled and its own digits added, divides by ten (ISO/IEC 7812-1).
  macro(
    'passes_luhn(digits)',
    `list_sum([
      CASE WHEN (length(digits) - place) % 2 = 0 THEN digits[place]::INTEGER
      ELSE (2 * digits[place]::INTEGER) // 10 + (2 * digits[place]::INTEGER) % 10 END
      FOR place IN range(1, length(digits) + 1)]) % 10 = 0`,
  ),
  // All runs of one to five neighbouring groups of digits.
  macro(
    'runs_of_groups(groups)',
    `flatten([
      [regexp_replace(array_to_string(groups[start:stop], ''), ${sqlText(`${cardSeparator}$`)}, '')
        FOR stop IN range(start, least(start + ${mostGroups}, len(groups) + 1))]
      FOR start IN range(1, len(groups) + 1)])`,
  ),
  macro(
    'with_digits(written)',
    `{'written': written, 'digits': regexp_replace(written, ${sqlText(cardSeparator)}, '', 'g')}`,
  ),
  macro(
    'has_brand(card)',
    `regexp_full_match(card.digits, ${sqlText(brands)}) OR regexp_full_match(card.written, ${sqlText(oldVisa)})`,
  ),
  macro(
    'card_numbers_among(texts)',
    `[card.written FOR card IN
      [card FOR card IN
        [with_digits(written) FOR written IN texts IF regexp_full_match(written, ${sqlText(cardGroups)})]
        IF has_brand(card)]
      IF passes_luhn(card.digits)]`,
  ),
  macro(
    'card_numbers(text)',
    `list_sort(card_numbers_among(flatten([runs_of_groups(groups) FOR groups IN
      [regexp_extract_all(run, ${sqlText(digitGroup)})
        FOR run IN regexp_extract_all(text, ${sqlText(digitRun)}) IF length(run) >= 13]])), 'DESC')`,
  ),
  macro(
    'mask_cards(text)',
    `CASE WHEN regexp_matches(text, ${sqlText(mayHoldCard)})
      THEN list_reduce(card_numbers(text), LAMBDA masked, written: replace(masked, written, '[card]'), text)
      ELSE text END`,
  ),
];

const signs = [
  macro('looks_personal(text)', `regexp_matches(text, ${sqlText(looks)})`),
  macro('looks_personal_json(text)', `contains(text, '\\u') OR regexp_matches(text, ${sqlText(looksInJson)})`),
];

const masks = [
  macro(
    'mask_phones(text)',
    `regexp_replace(regexp_replace(text, ${sqlText(`${international}|${inBrackets}`)}, '[phone]', 'g'),
      ${sqlText(`${begin}(?:${spelledOut}|${undivided})`)}, '\\1[phone]', 'g')`,
  ),
  macro('mask_emails(text)', `regexp_replace(text, ${sqlText(email)}, '[email]', 'g')`),
  macro('mask_emails_in_json(text)', `regexp_replace(text, ${sqlText(emailInJson)}, '[email]', 'g')`),
  macro('mask_found(text)', 'mask_phones(mask_cards(mask_emails(text)))'),
  macro('mask_text(text)', 'CASE WHEN looks_personal(text) THEN mask_found(text) ELSE text END'),
];

const phoneDigits = '[0-9]{7,15}';

/** What comes before the text of an order's id, in compact JSON. */
const orderId = '"order_id":"';

const json = [
  macro(
    'hide_escapes(text)',
    `regexp_replace(replace(replace(text, '\\\\', chr(4)), '\\"', chr(3)), '\\\\(u[0-9a-fA-F]{4}|.)',
      chr(1) || '\\1' || chr(2), 'g')`,
  ),
  macro(
    'show_escapes(text)',
    `replace(replace(regexp_replace(text, '\\x01([^\\x02]*)\\x02', '\\\\\\1', 'g'), chr(3), '\\"'), chr(4), '\\\\')`,
  ),
  // The digits of a number that is whole, however it is written.
  macro(
    'whole_digits(number)',
    `CASE WHEN regexp_full_match(number, '-?[0-9]+(\\.0*)?') THEN regexp_extract(number, '[0-9]+')
      ELSE coalesce(try_cast(try_cast(number AS DECIMAL(38, 3)) AS HUGEINT)::VARCHAR, '') END`,
  ),
  macro(
    'mask_number(number, after_phone_key)',
    `CASE WHEN length(number) < 7 THEN number
      WHEN after_phone_key AND regexp_full_match(whole_digits(number), ${sqlText(phoneDigits)}) THEN '"[phone]"'
      WHEN len(card_numbers_among([whole_digits(number)])) > 0 THEN '"[card]"'
      ELSE number END`,
  ),
  macro(
    'mask_numbers(text, after_phone_key)',
    `CASE WHEN regexp_matches(text, '[0-9][0-9.eE+-]{6}') THEN array_to_string(
      [mask_number(part, after_phone_key) FOR part IN regexp_extract_all(text, '[0-9.eE+-]+|[^0-9.eE+-]+')], '')
      ELSE text END`,
  ),
  macro('is_phone_key(text)', `regexp_matches(text, ${sqlText(`${phoneKey}$`)})`),
  // Between quotes stand texts, at even places; outside stand numbers, brackets and what divides them.
  macro(
    'mask_part(parts, place)',
    `CASE WHEN place % 2 = 1 THEN mask_numbers(parts[place], place > 1 AND is_phone_key(parts[place - 1]))
      WHEN place > 2 AND regexp_full_match(parts[place], ${sqlText(phoneDigits)})
        AND regexp_full_match(parts[place - 1], '\\s*:[\\s\\[]*') AND is_phone_key(parts[place - 2]) THEN '[phone]'
      ELSE mask_cards(parts[place]) END`,
  ),
  macro(
    'mask_parts(text)',
    `CASE WHEN regexp_matches(text, ${sqlText(`${mayHoldCard}|${phoneValue}|${longNumber}`)})
      THEN list_transform([string_split(text, '"')], LAMBDA parts:
        array_to_string([mask_part(parts, place) FOR place IN range(1, len(parts) + 1)], '"'))[1]
      ELSE text END`,
  ),
  // No address and no phone number goes over a quote.
  macro('mask_found_in_json(text)', 'mask_phones(mask_parts(mask_emails_in_json(text)))'),
  // While the rest is masked, U+0005 stands for the id of an order.
  macro(
    'set_order_id_aside(text)',
    `regexp_replace(text, ${sqlText(`${orderId}[^"]*`)}, ${sqlText(orderId)} || chr(5))`,
  ),
  macro('masked_order_id(text)', `mask_id(regexp_extract(text, ${sqlText(`${orderId}([^"]*)`)}, 1))`),
  macro(
    'mask_valid_json(text)',
    `show_escapes(replace(mask_found_in_json(set_order_id_aside(hide_escapes(text))), chr(5),
      masked_order_id(hide_escapes(text))))`,
  ),
  macro(
    'mask_json(text)',
    `CASE WHEN looks_personal_json(text) THEN
      CASE WHEN json_valid(text)
        THEN mask_valid_json(CASE WHEN contains(text, '\\u') THEN json(text)::VARCHAR ELSE text END)
        ELSE mask_found(text) END
      ELSE text END`,
  ),
];

function ids(key: string): readonly string[] {
  const { outer, inner } = hmacPads(key);
  const blob = (hex: string): string => `unhex('${hex}')`;
  return [
    macro('keyed_hash(text)', `sha256(${blob(outer)} || unhex(sha256(${blob(inner)} || encode(text))))`),
    macro(
      'has_personal_data(id)',
      `regexp_matches(id, ${sqlText(email)}) OR regexp_matches(id, ${sqlText(phoneInId)})
        OR CASE WHEN regexp_matches(id, ${sqlText(mayHoldCard)}) THEN len(card_numbers(id)) > 0 ELSE false END`,
    ),
    macro(
      'mask_id(id)',
      `CASE WHEN NOT looks_personal(id) THEN id
        WHEN regexp_full_match(lower(trim(id)), ${sqlText(emailAddress)}) THEN keyed_hash(lower(trim(id)))
        WHEN has_personal_data(id) THEN keyed_hash(id)
        ELSE id END`,
    ),
  ];
}

/**
 * DuckDB: the statements that create these macros:
 * - looks_personal(text): whether the text may hold personal data; one pass of a regular expression.
 * - looks_personal_json(text): the same of JSON text.
 */
export const personalDataSigns = signs.join('\n');

/**
 * DuckDB: the statements that create these macros, over those of `personalDataSigns`; for databases in memory only, for the
 * key stands in them. It takes a tenth of a second, and as much for each statement that has one of them: what does not look
 * personal stays as it is, and is better not given to them.
 * - mask_text(text): the text with [email], [phone] and [card] in the place of addresses and numbers.
 * - mask_json(text): the same for keys, texts and numbers of a JSON text, which stays JSON; in compact JSON the text of
 *   the first order_id is masked as an id.
 * - mask_id(id): HMAC-SHA256 of an id that holds such data, in hexadecimal; of an email address, trimmed and in lower case,
 *   the same token that customers have.
 */
export const personalDataMacros = (key: string): string => [...cards, ...masks, ...ids(key), ...json].join('\n');
