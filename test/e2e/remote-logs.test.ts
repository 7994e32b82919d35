import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { EngineHost } from './engine-host.ts';

/** Logs that go to other programs, received by one. */

/** What the receiver got, by the way it came. */
class Received {
  readonly #bytes = new Map<string, Buffer[]>();
  #rest = '';
  #changed = Promise.withResolvers<void>();

  constructor(program: ChildProcess) {
    program.stdout?.on('data', (piece: Buffer) => {
      const lines = `${this.#rest}${piece}`.split('\n');
      this.#rest = lines.pop() ?? '';
      for (const [way = '', hex = ''] of lines.map((line) => line.split(' '))) {
        this.#bytes.set(way, [...this.on(way), Buffer.from(hex, 'hex')]);
      }
      this.#changed.resolve();
      this.#changed = Promise.withResolvers();
    });
  }

  on(way: string): readonly Buffer[] {
    return this.#bytes.get(way) ?? [];
  }

  /** Wait until what has come by a way passes. */
  async until(way: string, isEnough: (pieces: readonly Buffer[]) => boolean): Promise<readonly Buffer[]> {
    while (!isEnough(this.on(way))) await this.#changed.promise;
    const pieces = this.on(way);
    this.#bytes.delete(way);
    return pieces;
  }

  /** The text of it all, once it has so many lines. */
  async text(way: string, lines: number): Promise<string> {
    const whole = (pieces: readonly Buffer[]) => Buffer.concat(pieces).toString();
    return whole(await this.until(way, (pieces) => whole(pieces).split('\n').length > lines));
  }
}

describe('logs that go elsewhere', { timeout: 120_000 }, () => {
  let engine: EngineHost;
  let received: Received;
  let receiver: ChildProcess;
  let certificate: string;

  const listen = async () => {
    const program = join(import.meta.dirname, 'log-receiver.ts');
    receiver = engine.host.start([process.execPath, program, certificate, `${certificate}.key`]);
    received = new Received(receiver);
    await received.until('ready', (pieces) => pieces.length > 0);
  };
  const hush = async () => {
    const gone = new Promise((resolve) => receiver.once('exit', resolve));
    receiver.stdin?.end();
    await gone;
  };
  before(async () => {
    engine = await EngineHost.start();
    certificate = join(engine.host.folder, 'receiver.pem');
    const files = ['-keyout', `${certificate}.key`, '-out', certificate];
    const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1'];
    execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', ...subject, ...files], { stdio: 'pipe' });
    await listen();
  });
  after(async () => await engine[Symbol.asyncDispose]());

  const docker = (...words: string[]) => engine.daemon.docker(...words);
  const log = (driver: string, ...options: string[]) => [
    '--log-driver',
    driver,
    ...options.flatMap((option) => ['--log-opt', option]),
  ];
  const run = (name: string, flags: readonly string[], script: string) =>
    docker('run', '--name', name, ...flags, 'busybox', 'sh', '-c', script);

  test('syslog by datagrams and by streams, and docker logs all the same', async () => {
    await run('dgram', log('syslog', 'syslog-address=udp://127.0.0.1:5140', 'tag={{.Name}}'), 'echo one; echo two >&2');
    const pieces = await received.until('udp', ({ length }) => length === 2);
    const texts = pieces.map(String).sort();
    assert.match(texts[0] ?? '', /^<27>[A-Z][a-z]{2} [ \d]\d [\d:]{8} dgram\[\d+\]: two\n$/);
    assert.match(texts[1] ?? '', /^<30>[A-Z][a-z]{2} [ \d]\d [\d:]{8} dgram\[\d+\]: one\n$/);
    assert.equal(await docker('logs', 'dgram'), 'one\n');
    const flags = log(
      'syslog',
      'syslog-address=tcp://127.0.0.1:5141',
      'syslog-format=rfc5424',
      'syslog-facility=local0',
    );
    await run('stream', flags, 'seq 3');
    const id = (await docker('inspect', '-f', '{{.Id}}', 'stream')).slice(0, 12);
    const [first = '', ...others] = (await received.text('tcp', 3)).split('\n');
    assert.match(first, new RegExp(`^<134>1 \\S+ host ${id} \\d+ ${id} - 1$`));
    assert.deepEqual(
      others.map((line) => line.at(-1)),
      ['2', '3', undefined],
    );
  });

  test('syslog over TLS tells the length of each message, and who the receiver is is checked', async () => {
    const address = ['syslog-address=tcp+tls://127.0.0.1:5142', 'syslog-format=rfc5424'];
    const { stderr } = await engine.daemon.tryDocker(['run', '--rm', ...log('syslog', ...address), 'busybox', 'true']);
    assert.match(stderr, /failed to initialize logging driver: .*certificate/);
    await run('secret', log('syslog', ...address, `syslog-tls-ca-cert=${certificate}`), 'echo secret');
    const [, length = '', rest = ''] = /^(\d+) (.*)$/s.exec(await received.text('tls', 1)) ?? [];
    assert.equal(Buffer.byteLength(rest), Number(length));
    assert.match(rest, /- secret\n$/);
  });

  test('GELF in compressed datagrams, in pieces when it is long, and over TCP', async () => {
    const long = `head -c 15000 /dev/urandom | od -An -tx1 | tr -d ' \\n' | head -c 9000; echo`;
    await run('graylog', log('gelf', 'gelf-address=udp://127.0.0.1:5140', 'labels=team'), `echo short; ${long}`);
    const isWhole = (pieces: readonly Buffer[]) => pieces.length > 1 && pieces.length === 1 + (pieces[1]?.[11] ?? 0);
    const [short = Buffer.alloc(0), ...parts] = await received.until('udp', isWhole);
    const message = JSON.parse(gunzipSync(short).toString());
    assert.deepEqual([message.short_message, message.level, message._container_name], ['short', 6, 'graylog']);
    const joined = Buffer.concat(parts.map((part) => part.subarray(12)));
    assert.equal(JSON.parse(gunzipSync(joined).toString()).short_message.length, 9000);
    await run('graylog-tcp', log('gelf', 'gelf-address=tcp://127.0.0.1:5141'), 'echo a >&2; echo b >&2');
    const pieces = await received.until('tcp', (some) => Buffer.concat(some).filter((byte) => byte === 0).length === 2);
    const texts = Buffer.concat(pieces).toString().split('\0').slice(0, 2);
    assert.deepEqual(
      texts.map((text) => [JSON.parse(text).short_message, JSON.parse(text).level]),
      [
        ['a', 3],
        ['b', 3],
      ],
    );
  });

  test('fluentd, which acknowledges on demand', async () => {
    const flags = [...log('fluentd', 'fluentd-request-ack=true', 'labels=team', 'tag=t'), '--label', 'team=net'];
    await run('forward', flags, 'echo one; echo two');
    const isWhole = (pieces: readonly Buffer[]) => Buffer.concat(pieces).toString('latin1').split('chunk').length === 3;
    const bytes = Buffer.concat(await received.until('fluentd', isWhole)).toString('latin1');
    assert.match(bytes, /^\x94\xa1t\xce.{4}\x85\xaccontainer_id\xd9@[0-9a-f]{64}\xaecontainer_name\xa8\/forward/s);
    assert.match(bytes, /\xa6source\xa6stdout\xa3log\xa3one\xa4team\xa3net\x81\xa5chunk/);
    assert.match(bytes, /\xa3log\xa3two/);
  });

  test('who runs on when the daemon was killed, or the receiver was away, is heard again', async () => {
    const script = 'i=0; while :; do echo line $i; i=$((i+1)); sleep 0.1; done';
    await run('lasting', ['-d', ...log('syslog', 'syslog-address=tcp://127.0.0.1:5141')], script);
    await received.text('tcp', 2);
    await engine.daemon.kill9();
    await engine.daemon.restart();
    assert.match(await received.text('tcp', 3), /line \d+\n/);
    await hush();
    await docker('exec', 'lasting', 'sleep', '0.5');
    await listen();
    assert.match(await received.text('tcp', 2), /line \d+\n/);
    await docker('rm', '-f', 'lasting');
    assert.match(engine.daemon.log(), /log not sent/);
  });

  for (const [options, message] of [
    [log('syslog', 'syslog-address=tcp://127.0.0.1:9'), /driver: dial tcp 127\.0\.0\.1:9: connect: connection refused/],
    [log('gelf', 'gelf-address=tcp://127.0.0.1:9'), /gelf: cannot connect to GELF endpoint: 127\.0\.0\.1:9 dial tcp/],
    [log('fluentd', 'fluentd-address=127.0.0.1:9'), /driver: dial tcp 127\.0\.0\.1:9: connect: connection refused/],
    [log('journald'), /failed to initialize logging driver: journald is not enabled on this host/],
    [log('gelf', 'gelf-address=foo'), /gelf-address should be in form proto:\/\/address, got foo/],
  ] as const) {
    test(`a container does not start: ${message.source}`, async () => {
      const { code, stderr } = await engine.daemon.tryDocker(['run', '--rm', ...options, 'busybox', 'true']);
      assert.equal(code, 125);
      assert.match(stderr, message);
    });
  }

  test('nothing is kept of a log that is not to be, and nobody waits for a receiver that need not be there', async () => {
    const flags = log('fluentd', 'fluentd-address=127.0.0.1:9', 'fluentd-async=true', 'fluentd-max-retries=0');
    await run('free', [...flags, '--log-opt', 'cache-disabled=true', '-t'], 'echo said');
    const { stderr } = await engine.daemon.tryDocker(['logs', 'free']);
    assert.match(stderr, /configured logging driver does not support reading/);
  });
});
