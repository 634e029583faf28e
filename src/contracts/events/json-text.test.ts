/** What is read of a JSON text beside its value. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { entriesOf, splitArray, storedBytes } from './json-text.ts';

const spaced = (value: unknown): string => JSON.stringify(value, null, 2);

test('an array is split into the texts of its elements', () => {
  fc.assert(
    fc.property(fc.array(fc.jsonValue()), (values) => {
      expect(splitArray(spaced(values))?.map((text) => JSON.parse(text))).toEqual(JSON.parse(JSON.stringify(values)));
    }),
  );
  expect(splitArray(' [ {"a":1,"a":[2,"]"]} ,\t1e400 ,"\\","] \n')).toEqual(['{"a":1,"a":[2,"]"]}', '1e400', '"\\","']);
  expect(splitArray(' [ ] ')).toEqual([]);
});

test.each(['', '{}', '1', '"[]"', '[', '[1,]', '[1] [2]', '[1]x', '[NaN]'])('%j is no array', (text) => {
  expect(splitArray(text)).toBeUndefined();
});

test('an object is taken apart into its keys and the texts of their values', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (object) => {
      const entries = entriesOf(spaced(object)).map(([key, text]) => [key, JSON.parse(text)]);
      expect(entries).toEqual(Object.entries(JSON.parse(JSON.stringify(object))));
    }),
  );
});

test.each([
  ['{ "a" : [ 1.50 , true ] }', '{"a":[1.5,true]}'],
  ['"\\u00e9\\/\\u001f"', '"é/\\u001F"'],
  ['[1E3, 1e21, 1e-7, -0, -0.0, 0.10]', '[1000.0,1e21,1e-7,0,-0.0,0.1]'],
  ['12345678901234567890123', '12345678901234567890123'],
])('%s takes the bytes of %s', (text, stored) => {
  expect(storedBytes(text)).toBe(Buffer.byteLength(stored));
});
