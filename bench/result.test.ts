/** What a measurement comes to: which way a ratio goes, when an aim is met, and how it is told. */
import { describe, expect, test } from 'vitest';
import { judge, type Measured, renderResults } from './result.ts';

const loaded: Measured = {
  what: 'load',
  unit: 's',
  ours: [2, 1, 4],
  reference: { name: 'psql', values: [1, 1.6, 3] },
  aim: { kind: 'speed', atLeast: 0.8 },
};
const built: Measured = {
  what: 'build',
  unit: 's',
  ours: [1.2, 1.5, 1.4],
  reference: { name: 'raw', values: [1, 1, 1] },
  aim: { kind: 'time', atMost: 1.3 },
};
const remembered: Measured = {
  what: 'memory',
  unit: 'MiB',
  ours: [300, 510, 320],
  aim: { kind: 'limit', atMost: 500 },
};

describe('a measurement is held against its aim:', () => {
  test('speed is the reference divided by ours', () => {
    expect(judge(loaded)).toMatchObject({ ours: { median: 2, min: 1, max: 4 }, ratio: 0.8, met: true });
    expect(judge({ ...loaded, ours: [2.1] })).toMatchObject({ met: false });
  });

  test('time is ours divided by the reference', () => {
    expect(judge(built)).toMatchObject({ reference: { name: 'raw', median: 1 }, ratio: 1.4, met: false });
    expect(judge({ ...built, ours: [1.3] })).toMatchObject({ met: true });
  });

  test('a limit holds for the worst round', () => {
    expect(judge(remembered)).toMatchObject({ reference: null, ratio: null, met: false });
    expect(judge({ ...remembered, ours: [500, 400] })).toMatchObject({ met: true });
  });

  test('a ratio to nothing is refused', () => {
    const { reference, ...alone } = built;
    expect(reference).toBeDefined();
    expect(() => judge(alone)).toThrow('build: a ratio needs a reference');
  });
});

describe('the table', () => {
  test('has a line per result, then what was left out and which aims were missed', () => {
    const skipped = { what: 'peer', skipped: 'it is not installed' };
    const text = renderResults([judge(loaded), judge(built), judge(remembered), skipped]);
    const lines = text.split('\n').filter((line) => !/^[┌├└]/.test(line));
    expect(lines.map((line) => line.replaceAll(/\s*│\s*/g, '|'))).toEqual([
      '||ours|reference|ratio|aim||',
      '|load|2.000 s (1.000 to 4.000)|psql: 1.600 s (1.000 to 3.000)|0.80|speed x 0.8 or more|met|',
      '|build|1.400 s (1.200 to 1.500)|raw: 1.000 s (1.000 to 1.000)|1.40|time x 1.3 or less|not met|',
      '|memory|320 MiB (300 to 510)|||500 MiB or less|not met|',
      '|peer|not measured|||||',
      'Not measured: peer: it is not installed.',
      'Aims not met: build; memory.',
    ]);
  });

  test('says so when nothing was missed', () => {
    expect(renderResults([judge(loaded)])).toMatch(/All aims that were measured are met\.$/);
  });

  test('claims nothing when nothing was measured', () => {
    expect(renderResults([{ what: 'peer', skipped: 'it is not installed' }])).not.toContain('met');
  });
});
