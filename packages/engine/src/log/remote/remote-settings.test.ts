import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fluentdSettings, gelfSettings, syslogSettings } from './remote-settings.ts';

const options = (...words: string[]) => Object.fromEntries(words.map((word) => word.split('=', 2) as [string, string]));
const udp = 'gelf-address=udp://127.0.0.1:12201';
const tcp = 'gelf-address=tcp://127.0.0.1:9';

/** What dockerd 20.10 said. */
for (const [read, words, message] of [
  [syslogSettings, ['syslog-address=foo'], 'syslog-address should be in form proto://address, got foo'],
  [
    syslogSettings,
    ['syslog-address=bogus://1.2.3.4:5'],
    'syslog-address should be in form proto://address, got bogus://1.2.3.4:5',
  ],
  [syslogSettings, ['syslog-address=unix:///nosuch'], 'stat /nosuch: no such file or directory'],
  [syslogSettings, ['syslog-facility=bogus'], 'invalid syslog facility'],
  [syslogSettings, ['syslog-facility=24'], 'invalid syslog facility'],
  [syslogSettings, ['syslog-format=bogus'], 'Invalid syslog format'],
  [gelfSettings, [], 'gelf-address is a required parameter'],
  [gelfSettings, ['gelf-address=foo'], 'gelf-address should be in form proto://address, got foo'],
  [gelfSettings, ['gelf-address=udp://127.0.0.1'], 'gelf: please provide gelf-address as proto://host:port'],
  [
    gelfSettings,
    [udp, 'gelf-compression-type=bogus'],
    'unknown value "bogus" for log opt "gelf-compression-type" for gelf log driver',
  ],
  [
    gelfSettings,
    [udp, 'gelf-compression-level=99'],
    'unknown value "99" for log opt "gelf-compression-level" for gelf log driver',
  ],
  [gelfSettings, [tcp, 'gelf-compression-type=gzip'], 'compression is only supported on UDP'],
  [gelfSettings, [udp, 'gelf-tcp-max-reconnect=3'], '"gelf-tcp-max-reconnect" is only valid for TCP'],
  [gelfSettings, [tcp, 'gelf-tcp-max-reconnect=x'], '"gelf-tcp-max-reconnect" must be a positive integer'],
  [
    fluentdSettings,
    ['fluentd-address=foo:bar'],
    'invalid fluentd-address foo:bar: strconv.Atoi: parsing "bar": invalid syntax',
  ],
  [
    fluentdSettings,
    ['fluentd-address=http://x:1'],
    'invalid fluentd-address http://x:1: address http://x:1: too many colons in address',
  ],
  [fluentdSettings, ['fluentd-async=bogus'], 'strconv.ParseBool: parsing "bogus": invalid syntax'],
  [fluentdSettings, ['fluentd-buffer-limit=x'], "invalid size: 'x'"],
  [fluentdSettings, ['fluentd-retry-wait=x'], 'time: invalid duration "x"'],
  [fluentdSettings, ['fluentd-max-retries=x'], 'strconv.ParseUint: parsing "x": invalid syntax'],
] as const) {
  test(`a log is refused: ${message}`, () => {
    assert.throws(() => read(options(...words)), { code: 'invalid-argument', message });
  });
}

test('syslog goes where it is told, in the form it is told', () => {
  const tls = { authority: '', certificate: '', key: '', skipVerify: false };
  assert.deepEqual(syslogSettings({}), { facility: 3, format: '', tls });
  const address = (text: string) => syslogSettings({ 'syslog-address': text }).address;
  assert.deepEqual(address('udp://logs.test'), { protocol: 'udp', host: 'logs.test', port: 514 });
  assert.deepEqual(address('tcp://[fd00::1]:601'), { protocol: 'tcp', host: 'fd00::1', port: 601 });
  assert.deepEqual(address('tcp+tls://logs.test:6514'), { protocol: 'tls', host: 'logs.test', port: 6514 });
  assert.deepEqual(address('unixgram:///dev/null'), { protocol: 'unixgram', path: '/dev/null' });
  const facility = (text: string) => syslogSettings({ 'syslog-facility': text }).facility;
  assert.deepEqual(['kern', 'local7', '16', '0'].map(facility), [0, 23, 16, 0]);
});

test('fluentd is on this machine unless it is told otherwise, and waits as Go writes times', () => {
  const here = { protocol: 'tcp', host: '127.0.0.1', port: 24_224 };
  assert.deepEqual(fluentdSettings({}).address, here);
  const address = (text: string) => fluentdSettings({ 'fluentd-address': text }).address;
  assert.deepEqual(address('tcp://there'), { ...here, host: 'there' });
  assert.deepEqual(address('[::1]:5'), { protocol: 'tcp', host: '::1', port: 5 });
  assert.deepEqual(address('unix:///f.sock'), { protocol: 'unix', path: '/f.sock' });
  assert.equal(fluentdSettings({ 'fluentd-retry-wait': '1m1.5s250ms' }).retryWait, 61_750);
});
