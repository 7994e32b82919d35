import assert from 'node:assert/strict';
import { test } from 'node:test';
import { programPages } from './program-pages.ts';

const node = '/usr/bin/node';

/** One mapping as the kernel prints it; sizes in KiB. */
function mapping(line: string, sizes: { Rss?: number; Anonymous?: number; Locked?: number } = {}): string {
  const { Rss = 128, Anonymous = 0, Locked = 0 } = sizes;
  const fields = { Size: 256, KernelPageSize: 4, Rss, Pss: Rss, Private_Dirty: Anonymous, Anonymous, Locked };
  const lines = Object.entries(fields).map(([name, size]) => `${`${name}:`.padEnd(16)}${String(size).padStart(8)} kB`);
  return [line, ...lines, 'VmFlags: rd ex mr mw me', ''].join('\n');
}

const code = '00400000-00440000 r-xp 00200000 fe:01 1234                       /usr/bin/node';
const data = '00440000-00480000 r--p 00240000 fe:01 1234                       /usr/bin/node';

test('code and constants of the program are found, with their addresses', () => {
  assert.deepEqual(programPages(mapping(code) + mapping(data), node), [
    { start: 0x400000n, length: 0x40000 },
    { start: 0x440000n, length: 0x40000 },
  ]);
});

test('addresses of 48 bits are kept to the last one', () => {
  const high = '7fd089d80000-7fd089d95000 r-xp 0302e000 fe:01 1234                 /usr/bin/node';
  assert.deepEqual(programPages(mapping(high), node), [{ start: 0x7fd089d80000n, length: 0x15000 }]);
});

const untouchable: Readonly<Record<string, string>> = {
  'one page was written to before it was protected': mapping(data, { Anonymous: 4 }),
  'it can be written to': mapping(data.replace('r--p', 'rw-p')),
  'it can be written to and run': mapping(code.replace('r-xp', 'rwxp')),
  'it is shared': mapping(data.replace('r--p', 'r--s')),
  'it is locked': mapping(data, { Locked: 128 }),
  'nothing of it is in memory': mapping(data, { Rss: 0 }),
  'it is of a library': mapping(data.replace(node, '/usr/lib/x86_64-linux-gnu/libc.so.6')),
  'it is of a program whose name only begins so': mapping(`${data}-26`),
  'it is of a program that an upgrade has taken away': mapping(`${data} (deleted)`),
  'it has no file': mapping('7fd048000000-7fd04818a000 r--p 00000000 00:00 0 '),
  'it is the heap': mapping('0f537000-107b4000 rw-p 00000000 00:00 0                          [heap]'),
  'the kernel does not say what was written to': mapping(data).replace(/^Anonymous.*\n/m, ''),
  'the kernel does not say what is locked': mapping(data).replace(/^Locked.*\n/m, ''),
};
for (const [reason, text] of Object.entries(untouchable)) {
  test(`a mapping is left alone: ${reason}`, () => {
    assert.deepEqual(programPages(text, node), []);
    // Beside others as well: each is looked at by itself.
    assert.equal(programPages(mapping(code) + text + mapping(data), node).length, 2);
  });
}

test('a running program whose file is gone is known by the name that the kernel gives it then', () => {
  const gone = `${node} (deleted)`;
  assert.equal(programPages(mapping(`${code} (deleted)`), gone).length, 1);
});

test('what is no list of mappings has none', () => {
  for (const text of ['', '\n', 'Rss: 4 kB\n', 'zz-yy r-xp\n']) assert.deepEqual(programPages(text, node), []);
});
