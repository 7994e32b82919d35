import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseByteSize } from './byte-size.ts';
import { logAttributes } from './log-attributes.ts';
import { type LogConfig, requireLogConfig, settleLogConfig } from './log-options.ts';
import { logShape } from './log-shape.ts';

const config = (type: string, ...words: string[]): LogConfig => ({
  type,
  options: Object.fromEntries(words.map((word) => word.split('=', 2) as [string, string])),
});

/** What dockerd 20.10 said. */
for (const [given, message] of [
  [config('nosuch'), 'error looking up logging plugin nosuch: plugin "nosuch" not found'],
  [config('constructor'), 'error looking up logging plugin constructor: plugin "constructor" not found'],
  [config('json-file', 'bad=1'), "unknown log opt 'bad' for json-file log driver"],
  [config('local', 'tag=x'), "unknown log opt 'tag' for log driver local"],
  [config('syslog', 'bogus=1'), "unknown log opt 'bogus' for syslog log driver"],
  [config('gelf', 'gelf-address=udp://h:1', 'bogus=1'), 'unknown log opt "bogus" for gelf log driver'],
  [config('fluentd', 'bogus=1'), "unknown log opt 'bogus' for fluentd log driver"],
  [config('journald', 'bogus=1'), "unknown log opt 'bogus' for journald log driver"],
  [config('syslog', 'cache-bogus=0'), "unknown log opt 'cache-bogus' for syslog log driver"],
  [config('syslog', 'cache-disabled=x'), 'invalid value for option cache-disabled: x'],
  [config('gelf'), 'gelf-address is a required parameter'],
  [config('json-file', 'mode=fast'), 'logger: logging mode not supported: fast'],
  [
    config('json-file', 'max-buffer-size=1m'),
    "logger: max-buffer-size option is only supported with 'mode=non-blocking'",
  ],
  [
    config('json-file', 'mode=non-blocking', 'max-buffer-size=zz'),
    "error parsing option max-buffer-size: invalid size: 'zz'",
  ],
] as const) {
  test(`a container is not made: ${message}`, () => assert.throws(() => requireLogConfig(given), { message }));
}

for (const [given, message] of [
  [config('json-file', 'max-size=abc'), "invalid size: 'abc'"],
  [config('json-file', 'max-size=-5m'), "invalid size: '-5m'"],
  [config('json-file', 'max-size=0'), 'max-size must be a positive number'],
  [config('json-file', 'max-file=0'), 'max-file cannot be less than 1'],
  [config('json-file', 'max-file=x'), 'strconv.Atoi: parsing "x": invalid syntax'],
  [config('json-file', 'compress=true'), 'compress cannot be true when max-file is less than 2 or max-size is not set'],
  [config('json-file', 'compress=maybe'), 'strconv.ParseBool: parsing "maybe": invalid syntax'],
  [config('local', 'max-size=x'), "invalid value for max-size: x: invalid size: 'x'"],
  [config('local', 'max-file=1'), 'compression cannot be enabled when max file count is 1'],
] as const) {
  test(`a container is not started: ${message}`, () => {
    requireLogConfig(given);
    assert.throws(() => logShape(given), { message: `failed to initialize logging driver: ${message}` });
  });
}

test('logs are kept as their options say', () => {
  assert.deepEqual(logShape(config('json-file')), { maxFiles: 1, compress: false });
  assert.deepEqual(logShape(config('json-file', 'max-size=10k', 'max-file=3', 'compress=true')), {
    maxSize: 10_000,
    maxFiles: 3,
    compress: true,
  });
  assert.deepEqual(logShape(config('local')), { maxSize: 20_000_000, maxFiles: 5, compress: true });
  assert.deepEqual(logShape(config('local', 'max-size=0')), { maxFiles: 5, compress: true });
  assert.deepEqual(logShape(config('json-file', 'mode=non-blocking')), {
    maxFiles: 1,
    compress: false,
    dropBeyond: 1_048_576,
  });
});

test('the daemon decides what a container leaves open, for its own driver', () => {
  const daemon = config('json-file', 'max-size=10m', 'max-file=2');
  assert.deepEqual(settleLogConfig(config(''), daemon), daemon);
  assert.deepEqual(settleLogConfig(config('', 'max-file=5'), daemon).options, { 'max-size': '10m', 'max-file': '5' });
  assert.deepEqual(settleLogConfig(config('local'), daemon), config('local'));
  assert.throws(() => settleLogConfig(config('splunk'), daemon), /the logging driver splunk is not supported yet/);
});

test('sizes are read as Docker reads them', () => {
  for (const [text, size] of [
    ['1', 1],
    ['1k', 1000],
    ['1.5 MB', 1_500_000],
    ['2GiB', 2_000_000_000],
    ['-1', undefined],
    ['', undefined],
  ] as const) {
    assert.equal(parseByteSize(text, 1000), size, text);
  }
});

const subject = {
  id: '6a16cbf75ac3fda0',
  name: 'web',
  imageId: 'sha256:d481734c871c',
  path: 'echo',
  args: ['hi'],
  env: ['E=x=y', 'OTHER=1'],
  image: 'busybox',
  labels: { a: '1', b: '2', ab: '3' },
};

test('labels, variables and a tag become attributes, in the order of their names', async () => {
  const options = {
    labels: 'b,c',
    'labels-regex': '^a',
    env: 'E',
    tag: '{{.Name}}/{{.ID}}/{{ .ImageID }}/{{.Command}}',
  };
  assert.equal(
    JSON.stringify(await logAttributes(subject, options)),
    '{"E":"x=y","a":"1","ab":"3","b":"2","tag":"web/6a16cbf75ac3/sha256:d4817/echo hi"}',
  );
  assert.deepEqual(await logAttributes(subject, {}), {});
});

for (const [options, message] of [
  [{ tag: '{{' }, 'template: log-tag:1: unclosed action'],
  [{ tag: '{{.Nope}}' }, "template: log-tag:1: can't evaluate .Nope in type *logger.Info"],
  [{ 'env-regex': '(a' }, 'error parsing regexp: missing closing ): `(a`'],
] as const) {
  test(`attributes are refused: ${message}`, async () => {
    await assert.rejects(logAttributes(subject, options), {
      message: `failed to initialize logging driver: ${message}`,
    });
  });
}
