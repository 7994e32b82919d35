import assert from 'node:assert/strict';
import { test } from 'node:test';
import { measured } from './measurement.ts';
import { reportPage } from './report.ts';

test('a page has the table, the machine, and a paragraph for each subject', () => {
  const page = reportPage({
    measurements: [measured({ subject: 'network', what: 'create', unit: 'ms' }, { fairlead: [5], dockerd: [50] })],
    methods: [{ name: 'networks', method: 'Over HTTP.' }],
    machine: '2 cores, Linux 6.18',
    date: '2026-11-21',
  });
  assert.match(page, /^\| create \| ms \| 5 \| 50 \| 0\.1 × dockerd \|/m);
  assert.match(page, /^Machine: 2 cores, Linux 6\.18\.$/m);
  assert.match(page, /^\*\*networks\*\* \(`npm run bench -- --only networks`\)\. Over HTTP\.$/m);
});
