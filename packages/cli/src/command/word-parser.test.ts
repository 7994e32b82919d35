import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CommandDefinition } from './command.ts';
import { parseWords, Stop } from './word-parser.ts';

const command: CommandDefinition = {
  words: ['run'],
  summary: 'Run',
  arguments: '<image> [command...]',
  passThrough: true,
  options: [
    { flags: '-d, --detach', description: '' },
    { flags: '-i, --interactive', description: '' },
    { flags: '-t, --tty', description: '' },
    { flags: '-p, --publish <spec>', description: '', repeatable: true },
    { flags: '--net, --network <network>', description: '', repeatable: true },
    { flags: '--name <name>', description: '' },
  ],
  load: () => Promise.reject(new Error('not loaded here')),
};

test('flags can be bundled, and values attached', () => {
  const { words, options } = parseWords(command, [
    '-itp80:80',
    '-p',
    '81:81',
    '--name=web',
    'busybox',
    'sh',
    '-c',
    'ls',
  ]);
  assert.deepEqual(words, ['busybox', 'sh', '-c', 'ls']);
  assert.deepEqual([options.flag('interactive'), options.flag('tty'), options.flag('detach')], [true, true, false]);
  assert.deepEqual(options.list('publish'), ['80:80', '81:81']);
  assert.equal(options.text('name'), 'web');
});

test('another name of an option is the same option', () => {
  assert.deepEqual(parseWords(command, ['--net', 'a', '--network', 'b', 'busybox']).options.list('network'), [
    'a',
    'b',
  ]);
});

test('a flag can be denied, and options after the image belong to the program', () => {
  const { words, options } = parseWords(command, ['-d=false', '--tty=true', 'busybox', '--name', 'x']);
  assert.deepEqual([options.flag('detach'), options.flag('tty'), options.text('name')], [false, true, undefined]);
  assert.deepEqual(words, ['busybox', '--name', 'x']);
});

const mistakes: readonly [words: readonly string[], text: RegExp, code: number][] = [
  [['--nope', 'busybox'], /^unknown flag: --nope\nSee 'fairlead run --help'\.\n$/, 125],
  [['-x', 'busybox'], /^unknown shorthand flag: 'x' in -x/, 125],
  [['--name'], /^flag needs an argument: --name/, 125],
  [['-p'], /^flag needs an argument: 'p' in -p/, 125],
  [['--tty=perhaps', 'busybox'], /not a truth value/, 125],
  [[], /^"fairlead run" requires at least 1 argument\./, 1],
];

for (const [words, text, code] of mistakes) {
  test(`${JSON.stringify(words)} is refused in docker's words`, () => {
    assert.throws(
      () => parseWords(command, words),
      (error) => error instanceof Stop && text.test(error.text) && error.code === code,
    );
  });
}

test('a command without a program of its own takes options anywhere and no more words than it names', () => {
  const rename: CommandDefinition = { ...command, words: ['rename'], arguments: '<from> <to>', passThrough: false };
  assert.deepEqual(parseWords(rename, ['a', '-d', 'b']).words, ['a', 'b']);
  assert.throws(() => parseWords(rename, ['a', 'b', 'c']), /requires 2 arguments/);
});

test('help lists the options', () => {
  assert.throws(
    () => parseWords(command, ['--help']),
    /Usage: fairlead run \[OPTIONS\] <image> \[command\.\.\.\][\s\S]*--publish <spec>/,
  );
});
