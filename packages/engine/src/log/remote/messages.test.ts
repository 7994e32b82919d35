import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { fluentdMessage } from './fluentd-message.ts';
import { gelfDatagrams, gelfFields, gelfText } from './gelf-message.ts';
import { journalEntry } from './journal-entry.ts';
import { type LogMessage, type LogOrigin, MessageStream } from './log-message.ts';
import { encodeMessagePack, type Packable } from './message-pack.ts';
import { syslogMessage, withLength } from './syslog-text.ts';

/** What goes over the wire, against the specifications. */

const origin: LogOrigin = {
  id: '6a16cbf75ac3fda0',
  name: 'web',
  imageId: 'sha256:d4',
  image: 'busybox',
  command: 'echo hi',
  created: 1_767_323_045_000,
  tag: 'web/6a',
  attributes: { 'my-label': 'x' },
  hostname: 'host',
};
const message: LogMessage = { stream: 'stdout', line: Buffer.from('hi "é"'), time: 1_767_323_045_678_901_234n };

describe('syslog', () => {
  // Of that moment in this machine's time zone.
  const date = new Date(1_767_323_045_678);
  const two = (number: number) => String(number).padStart(2, '0');
  const clock = [date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(':');
  const stamp = `Jan ${String(date.getDate()).padStart(2)} ${clock}`;
  const moment = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}T${clock}`;

  for (const [format, pattern] of [
    ['', `<30>${stamp} web/6a[7]: hi "é"\n`],
    ['rfc3164', `<30>${stamp} host web/6a[7]: hi "é"\n`],
    ['rfc5424', `<30>1 ${moment}ZONE host web/6a 7 web/6a - hi "é"\n`],
    ['rfc5424micro', `<30>1 ${moment}.678901ZONE host web/6a 7 web/6a - hi "é"\n`],
  ] as const) {
    test(`a message in the form ${format || 'of the C library'}`, () => {
      const text = syslogMessage(message, origin, { facility: 3, format }, 7).toString();
      assert.equal(text.replace(/(?<=\d)(Z|[+-]\d\d:\d\d)(?= host)/, 'ZONE'), pattern);
    });
  }

  test('errors are errors, and facilities count eight', () => {
    const bytes = syslogMessage({ ...message, stream: 'stderr' }, origin, { facility: 16, format: '' }, 7);
    assert.match(bytes.toString(), /^<131>/);
  });

  test('over TLS a message has its length in bytes before it', () =>
    assert.equal(withLength(Buffer.from('é\n')).toString(), '3 é\n'));
});

describe('gelf', () => {
  test('a message says what it is about', () => {
    assert.deepEqual(JSON.parse(gelfText(message, 'host', gelfFields(origin))), {
      version: '1.1',
      host: 'host',
      short_message: 'hi "é"',
      timestamp: 1_767_323_045.678901,
      level: 6,
      _command: 'echo hi',
      _container_id: '6a16cbf75ac3fda0',
      _container_name: 'web',
      _created: '2026-01-02T03:04:05.000Z',
      _image_id: 'sha256:d4',
      _image_name: 'busybox',
      _tag: 'web/6a',
      '_my-label': 'x',
    });
  });

  test('what is long goes in numbered pieces, and what is too long not at all', () => {
    const short = Buffer.alloc(1420, 1);
    assert.deepEqual(gelfDatagrams(short), [short]);
    const long = Buffer.from(Array.from({ length: 3000 }, (_, index) => index % 251));
    const pieces = gelfDatagrams(long, Buffer.from('12345678'));
    assert.deepEqual(
      pieces.map((piece) => piece.length),
      [1420, 1420, 12 + 3000 - 2 * 1408],
    );
    pieces.forEach((piece, index) => {
      assert.deepEqual([...piece.subarray(0, 12)], [0x1e, 0x0f, ...Buffer.from('12345678'), index, 3]);
    });
    assert.deepEqual(Buffer.concat(pieces.map((piece) => piece.subarray(12))), long);
    assert.deepEqual(gelfDatagrams(Buffer.alloc(1408 * 128 + 1)), []);
  });
});

describe('MessagePack', () => {
  for (const [value, bytes] of [
    ['a', 'a161'],
    ['é'.repeat(16), `d920${'c3a9'.repeat(16)}`],
    ['x'.repeat(256), `da0100${'78'.repeat(256)}`],
    ['x'.repeat(65_536), `db00010000${'78'.repeat(65_536)}`],
    [Buffer.from([0xff]), 'a1ff'],
    [0, '00'],
    [127, '7f'],
    [128, 'cc80'],
    [256, 'cd0100'],
    [65_536, 'ce00010000'],
    [2 ** 32, 'cf0000000100000000'],
    [[1, ['b']], '920191a162'],
    [new Map<string, Packable>([['k', 1]]), '81a16b01'],
    [Array.from({ length: 16 }, () => 0), `dc0010${'00'.repeat(16)}`],
    [{ seconds: 1, nanoseconds: 2 }, 'd7000000000100000002'],
  ] as const satisfies readonly (readonly [Packable, string])[]) {
    test(`${JSON.stringify(value).slice(0, 30)} is ${bytes.slice(0, 20)}`, () => {
      assert.equal(encodeMessagePack(value).toString('hex'), bytes);
    });
  }
});

describe('fluentd', () => {
  const record = new Map<string, Packable>([
    ['container_id', '6a16cbf75ac3fda0'],
    ['container_name', '/web'],
    ['source', 'stdout'],
    ['log', 'hi "é"'],
    ['my-label', 'x'],
  ]);

  test('a message is tag, time, record and options', () => {
    const wanted = encodeMessagePack(['web/6a', 1_767_323_045, record, new Map()]);
    assert.deepEqual(fluentdMessage(message, origin, false, undefined), wanted);
  });

  test('the time is exact on demand, an acknowledgement is asked for, and pieces of a line tell that they are', () => {
    const partial = { id: 'p', ordinal: 2, isLast: true };
    const pieces = [
      ['partial_message', 'true'],
      ['partial_id', 'p'],
      ['partial_ordinal', '2'],
      ['partial_last', 'true'],
    ];
    const long = new Map([...record, ...pieces.map(([name = '', value = '']) => [name, value] as const)]);
    const time = { seconds: 1_767_323_045, nanoseconds: 678_901_234 };
    const wanted = encodeMessagePack(['web/6a', time, long, new Map([['chunk', 'c']])]);
    assert.deepEqual(fluentdMessage({ ...message, partial }, origin, true, 'c'), wanted);
  });
});

describe('journald', () => {
  test('fields are lines, and what has line breaks comes by its length', () => {
    const entry = journalEntry({ ...message, stream: 'stderr', line: Buffer.from('a\nb') }, origin);
    const [head, rest] = [entry.subarray(0, 8).toString(), entry.subarray(8)];
    assert.equal(head, 'MESSAGE\n');
    assert.equal(rest.readBigUInt64LE(), 3n);
    assert.equal(
      rest.subarray(8).toString(),
      'a\nb\nPRIORITY=3\nCONTAINER_ID=6a16cbf75ac3\nCONTAINER_ID_FULL=6a16cbf75ac3fda0\nCONTAINER_NAME=web\n' +
        'CONTAINER_TAG=web/6a\nIMAGE_NAME=busybox\nSYSLOG_IDENTIFIER=web/6a\nMY_LABEL=x\n',
    );
  });

  test('pieces of a line tell that they are', () => {
    const partial = { id: 'p', ordinal: 1, isLast: false };
    assert.match(journalEntry({ ...message, partial }, origin).toString(), /\nCONTAINER_PARTIAL_MESSAGE=true\n/);
  });
});

test('a stream becomes messages, line by line, and pieces of what is longer than Docker’s lines', () => {
  const taken: LogMessage[] = [];
  const stream = new MessageStream('stdout', (each) => taken.push(each));
  stream.write(Buffer.from('one\ntw'), 1n);
  stream.write(Buffer.from(`o\n${'x'.repeat(16_384)}`), 2n);
  stream.write(Buffer.from('y\nrest'), 3n);
  stream.end(4n);
  assert.deepEqual(
    taken.map(({ line, time, partial }) => [line.toString().slice(0, 4), time, partial?.ordinal, partial?.isLast]),
    [
      ['one', 1n, undefined, undefined],
      ['two', 2n, undefined, undefined],
      ['xxxx', 2n, 1, false],
      ['y', 2n, 2, true],
      ['rest', 4n, undefined, undefined],
    ],
  );
  assert.equal(taken[2]?.partial?.id, taken[3]?.partial?.id);
});
