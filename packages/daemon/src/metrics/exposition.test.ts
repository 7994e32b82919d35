import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exposition } from './exposition.ts';
import { Histogram } from './histogram.ts';

test('metrics are written as Prometheus reads them', () => {
  const text = exposition([
    { name: 'none', help: 'Nothing', type: 'gauge', samples: [] },
    { name: 'plain_total', help: 'One\nline', type: 'counter', samples: [{ value: 1.5 }] },
    { name: 'named', help: 'Named', type: 'gauge', samples: [{ labels: { a: 'x"y\\z\n', b: '' }, value: -1 }] },
  ]);
  assert.equal(
    text,
    '# HELP plain_total One\\nline\n# TYPE plain_total counter\nplain_total 1.5\n' +
      '# HELP named Named\n# TYPE named gauge\nnamed{a="x\\"y\\\\z\\n",b=""} -1\n',
  );
});

test('a histogram counts what is at most as large as each bound', () => {
  const histogram = new Histogram([0.1, 1]);
  for (const value of [0.05, 0.1, 0.5, 7]) histogram.observe(value, { kind: 'k' });
  const samples = [{ name: 'h', help: 'H', type: 'histogram', samples: histogram.samples() } as const];
  assert.equal(
    exposition(samples),
    '# HELP h H\n# TYPE h histogram\nh_bucket{kind="k",le="0.1"} 2\nh_bucket{kind="k",le="1"} 3\n' +
      'h_bucket{kind="k",le="+Inf"} 4\nh_sum{kind="k"} 7.65\nh_count{kind="k"} 4\n',
  );
});
