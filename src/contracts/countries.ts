/** Countries by their names and codes: what a text in whatever language or spelling means, if it means one country. */

/** A country as it is stored. */
export interface Country {
  /** Its usual English name. */
  readonly name: string;
  /** ISO 3166-1 alpha-2; XK for Kosovo. */
  readonly code: string;
}

/** Usual English names, where the list's own are formal or inverted. */
const usualNames: Readonly<Record<string, string>> = {
  CI: "Côte d'Ivoire",
  CN: 'China',
  CZ: 'Czechia',
  FK: 'Falkland Islands',
  FM: 'Micronesia',
  GM: 'Gambia',
  IR: 'Iran',
  LA: 'Laos',
  MD: 'Moldova',
  MK: 'North Macedonia',
  PS: 'Palestine',
  RU: 'Russia',
  SY: 'Syria',
  TW: 'Taiwan',
  TZ: 'Tanzania',
  US: 'United States',
  VA: 'Vatican City',
  VG: 'British Virgin Islands',
  VI: 'U.S. Virgin Islands',
};

/** What shops write beside names and codes. */
const aliases: Readonly<Record<string, string>> = {
  America: 'US',
  Brunei: 'BN',
  Burma: 'MM',
  'Cabo Verde': 'CV',
  'Czech Rep': 'CZ',
  'East Timor': 'TL',
  England: 'GB',
  'États-Unis': 'US',
  Holland: 'NL',
  'Hong Kong SAR': 'HK',
  Korea: 'KR',
  Macau: 'MO',
  'Northern Ireland': 'GB',
  'Republic of Ireland': 'IE',
  RSA: 'ZA',
  Scotland: 'GB',
  'Slovak Republic': 'SK',
  'Stati Uniti': 'US',
  Swaziland: 'SZ',
  UK: 'GB',
  'United States America': 'US',
  Vatican: 'VA',
  'Viet Nam': 'VN',
  Wales: 'GB',
};

/** Letters that Unicode does not take for a base letter with a mark. */
const plainLetters: Readonly<Record<string, string>> = { ø: 'o', ł: 'l', đ: 'd', ı: 'i', æ: 'ae', œ: 'oe', ß: 'ss' };

/** A name without case, diacritics, punctuation and leading article. */
const fold = (name: string): string =>
  name
    .toLowerCase()
    .normalize('NFKD')
    .replaceAll(/\p{M}/gu, '')
    .replaceAll(/[øłđıæœß]/g, (letter) => plainLetters[letter] ?? letter)
    .replaceAll('&', ' and ')
    .replace(/^\s*the\s+/, '')
    .replaceAll(/\bst\b(?=[\s.]*\p{L})/gu, 'saint')
    .replaceAll(/[^\p{L}\p{N}]/gu, '');

/** Folded name -> code, without the names that several countries have. */
function unambiguous(names: readonly (readonly [name: string, code: string])[]): ReadonlyMap<string, string> {
  const codes = new Map<string, string>();
  const shared = new Set<string>();
  for (const [name, code] of names) {
    const folded = fold(name);
    if ((codes.get(folded) ?? code) !== code) shared.add(folded);
    codes.set(folded, code);
  }
  for (const folded of shared) codes.delete(folded);
  return codes;
}

/**
 * Makes the function that recognises countries: by ISO code (alpha-2, alpha-3), English name or alias, or name in another
 * language; without case, diacritics and punctuation. A name that several countries have is not recognised, but codes
 * and English names go before those of other languages.
 */
export async function countryReader(): Promise<(text: string) => Country | undefined> {
  // Many files of names: only a load needs them.
  const { default: iso } = await import('i18n-iso-countries');
  const namesIn = (language: string): readonly (readonly [string, string])[] =>
    Object.entries(iso.getNames(language, { select: 'all' })).flatMap(([code, names]) =>
      names.map((name) => [name, code] as const),
    );
  const official = iso.getNames('en', { select: 'official' });
  const codes = new Map(
    Object.entries(iso.getAlpha2Codes()).flatMap(([alpha2, alpha3]) => [
      [alpha2, alpha2],
      [alpha3, alpha2],
    ]),
  );
  const english = unambiguous([
    ...namesIn('en'),
    ...Object.entries(usualNames).map(([code, name]) => [name, code] as const),
  ]);
  const alias = unambiguous(Object.entries(aliases));
  let foreign: ReadonlyMap<string, string> | undefined;
  const abroad = (folded: string): string | undefined => {
    foreign ??= unambiguous(iso.getSupportedLanguages().flatMap(namesIn));
    return foreign.get(folded);
  };
  return (text) => {
    const folded = fold(text);
    const code = codes.get(folded.toUpperCase()) ?? alias.get(folded) ?? english.get(folded) ?? abroad(folded);
    const name = code && (usualNames[code] ?? official[code]);
    return code && name ? { name, code } : undefined;
  };
}
