import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runOptions } from '../command/run-options.ts';
import { parseWords } from '../command/word-parser.ts';
import { type CreateRequest, createRequest } from './create-request.ts';

function requestFor(line: string): CreateRequest {
  const definition = {
    words: ['run'],
    summary: '',
    arguments: '<image> [command...]',
    passThrough: true,
    options: runOptions,
  };
  const { words, options } = parseWords(
    { ...definition, load: () => Promise.reject(new Error('not loaded')) },
    line.split(' '),
  );
  const [image = '', ...command] = words;
  return createRequest(image, command, options);
}

const published: readonly [line: string, bindings: Record<string, unknown>][] = [
  ['-p 8080:80 busybox', { '80/tcp': [{ HostIp: '', HostPort: '8080' }] }],
  ['-p 80 busybox', { '80/tcp': [{ HostIp: '', HostPort: '' }] }],
  ['-p 127.0.0.1::53/udp busybox', { '53/udp': [{ HostIp: '127.0.0.1', HostPort: '' }] }],
  ['-p [::1]:8080:80 busybox', { '80/tcp': [{ HostIp: '::1', HostPort: '8080' }] }],
  [
    '-p 8000-8001:80-81 busybox',
    { '80/tcp': [{ HostIp: '', HostPort: '8000' }], '81/tcp': [{ HostIp: '', HostPort: '8001' }] },
  ],
  [
    '-p 8080:80,from=10.0.0.0/8,via=eth0 busybox',
    { '80/tcp': [{ HostIp: '', HostPort: '8080', Sources: ['10.0.0.0/8'], Interfaces: ['eth0'] }] },
  ],
  ['-p 8000-8010:80 busybox', { '80/tcp': [{ HostIp: '', HostPort: '8000-8010' }] }],
  [
    '-p 8080:80 -p 8081:80 busybox',
    {
      '80/tcp': [
        { HostIp: '', HostPort: '8080' },
        { HostIp: '', HostPort: '8081' },
      ],
    },
  ],
];

for (const [line, bindings] of published) {
  test(`run ${line} asks for its ports`, () => {
    const { HostConfig, ['ExposedPorts']: exposed } = requestFor(line);
    assert.deepEqual(HostConfig['PortBindings'], bindings);
    assert.deepEqual(Object.keys(exposed ?? {}), Object.keys(bindings));
  });
}

test('without any option the image decides', () => {
  const request = requestFor('busybox');
  assert.deepEqual([request['Cmd'], request['Entrypoint'], request.HostConfig['NetworkMode']], [null, null, 'default']);
  assert.deepEqual(request.NetworkingConfig.EndpointsConfig, {});
});

test('addresses and aliases go to the network that was named', () => {
  const { HostConfig, NetworkingConfig } = requestFor('--network app --ip 172.20.0.5 --network-alias web busybox');
  assert.equal(HostConfig['NetworkMode'], 'app');
  assert.deepEqual(NetworkingConfig.EndpointsConfig, {
    app: { IPAMConfig: { IPv4Address: '172.20.0.5' }, Aliases: ['web'] },
  });
});

test('several networks can be asked for, each with its own settings', () => {
  const { HostConfig, NetworkingConfig } = requestFor(
    '--network name=app,alias=a,alias=b --network name=back,ip6=fd00::5 busybox',
  );
  assert.equal(HostConfig['NetworkMode'], 'app');
  assert.deepEqual(NetworkingConfig.EndpointsConfig, {
    app: { Aliases: ['a', 'b'] },
    back: { IPAMConfig: { IPv6Address: 'fd00::5' } },
  });
});

test('limits, mounts and restart policies are numbers and fields', () => {
  const { HostConfig } = requestFor(
    '-m 64m --cpus 1.5 --pids-limit 10 --ulimit nofile=10:20 --restart on-failure:3 --mount type=bind,src=/a,dst=/b,ro --tmpfs /t:size=1m busybox',
  );
  assert.deepEqual([HostConfig['Memory'], HostConfig['NanoCpus'], HostConfig['PidsLimit']], [67108864, 1.5e9, 10]);
  assert.deepEqual(HostConfig['Ulimits'], [{ Name: 'nofile', Soft: 10, Hard: 20 }]);
  assert.deepEqual(HostConfig['RestartPolicy'], { Name: 'on-failure', MaximumRetryCount: 3 });
  assert.deepEqual(HostConfig['Mounts'], [{ Type: 'bind', Source: '/a', Target: '/b', ReadOnly: true }]);
  assert.deepEqual(HostConfig['Tmpfs'], { '/t': 'size=1m' });
});

test('amounts that are none are refused in docker’s words', () => {
  assert.throws(
    () => requestFor('-m lots busybox'),
    /invalid argument "lots" for "--memory" flag: invalid size: 'lots'/,
  );
  assert.throws(() => requestFor('--cpus many busybox'), /failed to parse many as a rational number/);
  assert.throws(() => requestFor('-p 8000-8002:80-81 busybox'), /invalid ranges specified/);
});

test('the program gets the command’s own variable when only a name is given', () => {
  process.env['FAIRLEAD_TEST_VARIABLE'] = 'here';
  assert.deepEqual(requestFor('-e A=b -e FAIRLEAD_TEST_VARIABLE -e NOT_SET_ANYWHERE busybox')['Env'], [
    'A=b',
    'FAIRLEAD_TEST_VARIABLE=here',
  ]);
});

test('a detached container is attached to nothing, an interactive one to all', () => {
  assert.equal(requestFor('-d busybox')['AttachStdout'], false);
  assert.equal(requestFor('-i busybox')['StdinOnce'], true);
});
