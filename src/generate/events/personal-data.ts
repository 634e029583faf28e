/** Draws personal data that nobody has: addresses in .example, numbers that are not given out, cards of test ranges. */
import type { Random } from '../random.ts';

const names = ['ada.lovelace', 'grace_hopper', 'alan-turing', 'mary.s', 'k.zuse+shop', 'j.doe42'];
const domains = ['inboxly.example', 'mail.postnest.example', 'letterbox.example'];

const digitsOf = (random: Random, count: number): string =>
  Array.from({ length: count }, () => random.integer(0, 9)).join('');

export const drawEmail = (random: Random): string =>
  `${random.pick(names)}${random.integer(1, 9999)}@${random.pick(domains)}`;

/** In the ways that people write them. */
export function drawPhone(random: Random): string {
  const four = digitsOf(random, 4);
  const seven = `5550${digitsOf(random, 3)}`;
  return random.pick([
    `+1 (202) 555-${four}`,
    `+44 20 7946 ${four}`,
    `+49 170 ${seven}`,
    `+4915${seven}${four.slice(0, 2)}`,
    `+1-202-555-${four}`,
    `(202) 555-${four}`,
  ]);
}

/** The last digit of a number by Luhn's formula. */
function checkDigit(digits: string): number {
  const sum = [...digits].reverse().reduce((total, digit, place) => {
    const value = Number(digit) * (place % 2 === 0 ? 2 : 1);
    return total + (value > 9 ? value - 9 : value);
  }, 0);
  return (10 - (sum % 10)) % 10;
}

/** A card number that passes Luhn's formula: in groups, or at one go. */
export function drawCard(random: Random): string {
  const body = `${random.pick(['411111', '555555', '520082', '601111'])}${digitsOf(random, 9)}`;
  const number = `${body}${checkDigit(body)}`;
  const groups = number.match(/.{4}/g) ?? [];
  return random.pick([number, groups.join(' '), groups.join('-')]);
}
