import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Daemon, Host, refusalOf } from '@fairlead/lab';
import { EngineHost } from './engine-host.ts';
import { eventually } from './life-rig.ts';

/** Logs as the docker command asks for them: their options, their files, and what becomes of them in a crash. */

const numbers = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, index) => `${from + index}\n`).join('');
const count = (to: number) => `i=0; while [ $i -lt ${to} ]; do i=$((i+1)); echo $i; done`;

describe('logs', { timeout: 120_000 }, () => {
  let engine: EngineHost;
  before(async () => {
    engine = await EngineHost.start();
  });
  after(async () => await engine[Symbol.asyncDispose]());

  const docker = (...words: string[]) => engine.daemon.docker(...words);

  test('files are followed by others, and read as one', async () => {
    const options = ['--log-opt', 'max-size=1k', '--log-opt', 'max-file=3'];
    await docker('run', '--name', 'turning', ...options, 'busybox', 'sh', '-c', count(60));
    const path = (await docker('inspect', '-f', '{{.LogPath}}', 'turning')).trim();
    const files = readdirSync(dirname(path)).filter((name) => name.includes('-json.log'));
    assert.deepEqual(files.map((name) => name.replace(/^.*-json/, '')).sort(), ['.log', '.log.1', '.log.2']);
    const lines = await docker('logs', 'turning');
    const first = Number(lines.split('\n')[0]);
    assert.ok(first > 20 && first < 40, String(first));
    assert.equal(lines, numbers(first, 60));
    assert.equal(await docker('logs', '--tail', '20', 'turning'), numbers(41, 60));
    assert.equal(
      await docker('inspect', '-f', '{{json .HostConfig.LogConfig}}', 'turning'),
      '{"Type":"json-file","Config":{"max-file":"3","max-size":"1k"}}\n',
    );
  });

  test('local logs are compressed, and have no path', async () => {
    const options = ['--log-driver', 'local', '--log-opt', 'max-size=1k'];
    await docker('run', '--name', 'compact', ...options, 'busybox', 'sh', '-c', count(50));
    assert.equal(await docker('logs', 'compact'), numbers(1, 50));
    assert.equal(await docker('logs', '--tail', '30', 'compact'), numbers(21, 50));
    assert.equal(await docker('inspect', '-f', '{{.LogPath}}', 'compact'), '\n');
  });

  test('a container without a log has none', async () => {
    assert.equal(
      await docker('run', '--name', 'silent', '--log-driver', 'none', 'busybox', 'echo', 'heard'),
      'heard\n',
    );
    const { code, stderr } = await engine.daemon.tryDocker(['logs', 'silent']);
    assert.equal(code, 1);
    assert.equal(stderr, 'Error response from daemon: configured logging driver does not support reading\n');
  });

  test('labels, variables and a tag are in every entry, and shown on demand', async () => {
    const options = ['--log-opt', 'labels=a', '--log-opt', 'env=E', '--log-opt', 'tag={{.Name}}/{{.Command}}'];
    await docker('run', '--name', 'tagged', '--label', 'a=x y', '-e', 'E=é&', ...options, 'busybox', 'echo', 'hi');
    const path = (await docker('inspect', '-f', '{{.LogPath}}', 'tagged')).trim();
    const attributes = '"attrs":{"E":"é\\u0026","a":"x y","tag":"tagged/echo hi"}';
    const entry = readFileSync(path, 'utf8');
    assert.ok(entry.startsWith(`{"log":"hi\\n","stream":"stdout",${attributes},"time":"`), entry);
    assert.equal(await docker('logs', '--details', 'tagged'), 'E=%C3%A9%26,a=x+y,tag=tagged%2Fecho+hi hi\n');
  });

  for (const [options, message] of [
    [['--log-driver', 'nosuch'], 'error looking up logging plugin nosuch: plugin "nosuch" not found'],
    [['--log-opt', 'bad=1'], "unknown log opt 'bad' for json-file log driver"],
    [['--log-opt', 'max-size=abc'], "failed to initialize logging driver: invalid size: 'abc'"],
  ] as const) {
    test(`refused as Docker does: ${message}`, async () => {
      const refused = await engine.daemon.tryDocker(['run', '-d', ...options, 'busybox', 'echo']);
      assert.equal(refused.code, 125);
      assert.equal(refusalOf(refused), `Error response from daemon: ${message}`);
    });
  }

  test('who follows loses nothing while files change and the daemon is told to end and killed', async () => {
    const pause = 'wait_for_go() { until [ -e /go ]; do sleep 0.05; done; };';
    const loop = 'i=0; while [ $i -lt 600 ]; do i=$((i+1)); echo $i; [ $i = 200 ] && wait_for_go; usleep 3000; done';
    const options = ['--log-opt', 'max-size=5k', '--log-opt', 'max-file=50'];
    await docker('run', '-d', '--name', 'steady', ...options, 'busybox', 'sh', '-c', `${pause} ${loop}`);
    await eventually('it has begun', async () => (await docker('logs', 'steady')) !== '');
    await engine.daemon.restart();
    // What was read and is not in the file when the daemon is killed is lost: here that is nothing.
    await eventually('it waits', async () => (await docker('logs', 'steady')).endsWith('200\n'));
    const pid = (await docker('inspect', '-f', '{{.State.Pid}}', 'steady')).trim();
    await engine.daemon.kill9();
    await engine.host.exec('touch', `/proc/${pid}/root/go`);
    await sleep(500);
    await engine.daemon.restart();
    assert.equal(await docker('logs', '-f', 'steady'), numbers(1, 600));
    assert.equal(await docker('logs', 'steady'), numbers(1, 600));
  });

  test('a daemon that is killed while a container writes as fast as it can loses no line and doubles none', async () => {
    const lines = 150_000;
    const line = (number: number) => `${number} ${'some more words '.repeat(5)}`;
    const program =
      `BEGIN { for (i = 1; i <= ${lines}; i++) { print i, "${line(0).slice(2)}"; ` +
      'if (i % 1000 == 0) print i > "/dev/stderr" } }';
    const options = ['--log-opt', 'max-size=1m', '--log-opt', 'max-file=100'];
    const id = (await docker('run', '-d', '--name', 'torrent', ...options, 'busybox', 'awk', program)).trim();
    const folder = dirname((await docker('inspect', '-f', '{{.LogPath}}', id)).trim());
    const files = () => readdirSync(folder).filter((name) => name.startsWith(`${id}-json.log`));
    for (const progress of [3, 7, 11, 15]) {
      while (files().length < progress) await sleep(1);
      await engine.daemon.kill9();
      await engine.daemon.restart();
    }
    await docker('wait', id);
    const { stdout, stderr } = await engine.daemon.tryDocker(['logs', id]);
    const thousands = Array.from({ length: lines / 1000 }, (_, index) => `${(index + 1) * 1000}\n`);
    assert.equal(stderr, thousands.join(''));
    const found = stdout.split('\n');
    assert.equal(found.pop(), '');
    const wrong = found.findIndex((text, index) => text !== line(index + 1));
    assert.equal(wrong, -1, `line ${wrong + 1}: ${found.slice(wrong - 1, wrong + 2).join('\n')}`);
    assert.equal(found.length, lines);
  });

  test('half a line that is there when the daemon is told to end comes out whole', async () => {
    const halves = 'printf "one "; touch /begun; until [ -e /go ]; do sleep 0.05; done; echo line';
    await docker('run', '-d', '--name', 'halved', 'busybox', 'sh', '-c', halves);
    await docker('exec', 'halved', 'timeout', '60', 'sh', '-c', 'until [ -e /begun ]; do sleep 0.05; done');
    await engine.daemon.restart();
    await docker('exec', 'halved', 'touch', '/go');
    assert.equal(await docker('logs', '-f', 'halved'), 'one line\n');
  });
});

test('the daemon decides about logs that ask for nothing, and refuses what it cannot do', async () => {
  await using host = await Host.create({});
  const file = join(host.folder, 'daemon.json');
  writeFileSync(file, '{"log-driver": "local", "log-opts": {"max-size": "5m", "max-file": "2"}}');
  await using daemon = await Daemon.fairlead(host, ['--config-file', file]);
  await daemon.loadBusybox();
  assert.equal(await daemon.docker('info', '-f', '{{.LoggingDriver}}'), 'local\n');
  const logConfig = async (...words: string[]) => {
    const id = (await daemon.docker('create', ...words, 'busybox')).trim();
    return await daemon.docker('inspect', '-f', '{{json .HostConfig.LogConfig}}', id);
  };
  assert.equal(await logConfig(), '{"Type":"local","Config":{"max-file":"2","max-size":"5m"}}\n');
  assert.match(await logConfig('--log-opt', 'max-file=7'), /"max-file":"7","max-size":"5m"/);
  assert.equal(await logConfig('--log-driver', 'json-file'), '{"Type":"json-file","Config":{}}\n');
  await daemon.stop();
  writeFileSync(file, '{"log-opts": {"nonsense": "1"}}');
  await assert.rejects(daemon.restart(), /failed to set log opts: unknown log opt 'nonsense' for json-file log driver/);
});
