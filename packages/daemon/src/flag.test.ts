import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { mergeSettings, parseConfig } from './config-file.ts';
import { readSeccompDefault } from './container-flags.ts';
import { parseFlags } from './flag.ts';
import { listenAddresses } from './listener.ts';
import { namespacePrefix } from './network-settings.ts';
import { optionsOf } from './options.ts';

const options = (...words: string[]) => optionsOf(parseFlags(words));

test('flags are read in all the forms in which dockerd reads them', () => {
  const { hosts, debug, mtu, dns } = options(
    '-H',
    'unix:///a.sock',
    '--host=tcp://127.0.0.1:1',
    '-D',
    '--mtu=1400',
    '--dns',
    '10.0.0.1',
  );
  assert.deepEqual(hosts, ['unix:///a.sock', 'tcp://127.0.0.1:1']);
  assert.deepEqual([debug, mtu, dns.servers], [true, 1400, ['10.0.0.1']]);
  assert.equal(options('-Hunix:///b.sock').hosts[0], 'unix:///b.sock');
  assert.equal(options('--cgroup-parent=/below').cgroupParent, '/below');
  assert.equal(options('--ip-masq=false').bridge.masquerade, false);
  assert.equal(options('--ip', '0.0.0.0').bridge.hostBindings, undefined);
  assert.deepEqual(options('--ip', '127.0.0.1,::1').bridge.hostBindings, ['127.0.0.1', '::1']);
});

const wrong: [words: string[], message: RegExp][] = [
  [['--no-such'], /^unknown flag: --no-such$/],
  [['-Z'], /^unknown shorthand flag: -Z$/],
  [['--mtu'], /^flag needs an argument: --mtu$/],
  [['--mtu', 'x'], /^invalid argument "x" for "--mtu" flag: strconv\.ParseInt: parsing "x": invalid syntax$/],
  [['--mtu=-1'], /^invalid default MTU: -1$/],
  [['--mtu', '1279', '--ipv6'], /^invalid default MTU: 1279: IPv6 needs 1280 at least$/],
  [['--dns-search', 'a..b'], /^invalid argument "a\.\.b" for "--dns-search" flag: a\.\.b is not a valid domain$/],
  [['--default-shm-size', 'big'], /^invalid argument "big" for "--default-shm-size" flag: invalid size: 'big'$/],
  [['--default-ulimit', 'nofile'], /flag: invalid ulimit argument: nofile$/],
  [['--default-ulimit', 'files=1'], /flag: invalid ulimit type: files$/],
  [['--default-ulimit', 'core=2:1'], /flag: ulimit soft limit must be less than or equal to hard limit: 2 > 1$/],
  [['--label', 'a'], /^invalid argument "a" for "--label" flag: bad attribute format: a$/],
  [['--ip', '127.0.0.1,10.0.0.1'], /more than one address of a family/],
  [['--bip', '10.0.0.1'], /invalid CIDR address: 10\.0\.0\.1/],
  [['--ipv6=maybe'], /"maybe" for "--ipv6" flag: strconv\.ParseBool: parsing "maybe": invalid syntax$/],
  [['run'], /accepts no arguments: run/],
  [['--dns', 'x'], /^invalid argument "x" for "--dns" flag: x is not an ip address$/],
  [['--log-level', 'loud'], /^invalid logging level: loud$/],
];

test('what is wrong is said with the flag that it is about', () => {
  for (const [words, message] of wrong)
    assert.throws(() => options(...words), { code: 'invalid-argument', message }, words.join(' '));
});

test('a flag that no longer means anything is accepted with the reason', () => {
  const { notes } = options('--live-restore', '--storage-driver', 'overlay2');
  assert.equal(notes.length, 2);
  assert.match(notes[0] ?? '', /^--live-restore: containers always go on/);
});

test('the configuration file may say what dockerd’s says that means nothing here', () => {
  const file = {
    builder: { gc: { enabled: true, defaultKeepStorage: '20GB' } },
    features: { cdi: true },
    'cdi-spec-dirs': ['/etc/cdi'],
    'containerd-plugin-namespace': 'plugins.moby',
    'log-format': 'json',
    'host-gateway-ip': '192.0.2.1',
  };
  const { notes, hostGateways } = optionsOf(parseConfig(JSON.stringify(file)));
  assert.equal(notes.length, 5);
  assert.deepEqual(hostGateways, ['192.0.2.1']);
});

test('the configuration file has the same settings', () => {
  const file = parseConfig(
    '{"hosts": ["fd://"], "default-address-pools": [{"base": "10.10.0.0/16", "size": 24}], "debug": true, "mtu": null}',
  );
  const merged = optionsOf(mergeSettings(parseFlags([]), file));
  assert.deepEqual([merged.hosts, merged.debug, merged.mtu], [['fd://'], true, 1500]);
  assert.deepEqual(merged.addressPools, [{ base: '10.10.0.0/16', size: 24 }]);
});

test('what flags and file both say is refused in dockerd’s words', () => {
  const file = parseConfig('{"hosts": ["unix:///x"], "mtu": 1400, "dns": ["192.0.2.1", "192.0.2.2"], "icc": true}');
  const given = parseFlags(['--mtu', '1300', '-H', 'unix:///y', '--dns', '192.0.2.9', '-D']);
  assert.throws(() => mergeSettings(given, file), {
    code: 'invalid-argument',
    message:
      'the following directives are specified both as a flag and in the configuration file: ' +
      'dns: (from flag: [192.0.2.9], from file: [192.0.2.1 192.0.2.2]), ' +
      'hosts: (from flag: [unix:///y], from file: [unix:///x]), mtu: (from flag: 1300, from file: 1400)',
  });
});

test('a configuration file that cannot be is refused in dockerd’s words', () => {
  const field = 'into Go struct field Config';
  for (const [text, message] of [
    ['{"nonsense": 1, "more": 2}', "the following directives don't match any configuration option: more, nonsense"],
    ['{bad', "invalid character 'b' looking for beginning of object key string"],
    ['{"mtu": "x"}', `json: cannot unmarshal string ${field}.mtu of type int`],
    ['{"mtu": 1.5}', `json: cannot unmarshal number 1.5 ${field}.mtu of type int`],
    ['{"dns": "192.0.2.1"}', `json: cannot unmarshal string ${field}.dns of type []string`],
    ['{"debug": "yes"}', `json: cannot unmarshal string ${field}.debug of type bool`],
    ['{"bip": 1}', `json: cannot unmarshal number ${field}.bip of type string`],
    ['[]', 'json: cannot unmarshal array into Go value of type map[string]interface {}'],
  ] as const) {
    assert.throws(() => parseConfig(text), { code: 'invalid-argument', message }, text);
  }
});

test('what containers get that do not say otherwise is said by flags or by the file', () => {
  const wanted = {
    ...{ init: true, noNewPrivileges: true, shmSize: 128 * 1024 * 1024 },
    ulimits: [{ name: 'nofile', soft: 1024, hard: 2048 }],
    ...{ ipcMode: 'shareable', cgroupNamespace: 'private' },
  };
  const words = ['--init', '--no-new-privileges', '--default-shm-size', '128m', '--default-ulimit', 'nofile=1024:2048'];
  words.push('--default-ipc-mode', 'shareable', '--default-cgroupns-mode=private');
  assert.deepEqual(options(...words).containerDefaults, wanted);
  const ulimit = { Name: 'nofile', Hard: 2048, Soft: 1024 };
  const file = {
    init: true,
    'no-new-privileges': true,
    'default-shm-size': '128m',
    'default-ulimits': { nofile: ulimit },
    'default-ipc-mode': 'shareable',
    'default-cgroupns-mode': 'private',
  };
  assert.deepEqual(optionsOf(parseConfig(JSON.stringify(file))).containerDefaults, wanted);
  const modes = { ipcMode: 'private', cgroupNamespace: undefined };
  const none = { init: false, noNewPrivileges: false, shmSize: 64 * 1024 * 1024, ulimits: [], ...modes };
  assert.deepEqual(options().containerDefaults, none);
  assert.deepEqual(options('--default-ipc-mode=', '--default-cgroupns-mode=').containerDefaults, none);
});

test('what containers cannot get by default is refused in dockerd’s words', () => {
  for (const [flag, message] of [
    ['--default-ipc-mode=x', 'default IPC mode setting (x) is invalid; use "shareable" or "private"'],
    ['--default-ipc-mode=host', 'IPC mode "host" is not supported as default value; use "shareable" or "private"'],
    ['--default-cgroupns-mode=x', 'invalid default cgroup namespace (x): use "host" or "private"'],
    [
      '--cpu-rt-period=x',
      'invalid argument "x" for "--cpu-rt-period" flag: strconv.ParseInt: parsing "x": invalid syntax',
    ],
  ] as const) {
    assert.throws(() => options(flag), { code: 'invalid-argument', message }, flag);
  }
});

test('rootless mode is refused, and says what there is instead', () => {
  assert.throws(() => options('--rootless'), {
    code: 'invalid-argument',
    message: /^rootless mode is not supported: .*--userns-remap/,
  });
  assert.equal(options('--rootless=false').selfRepair, true);
});

test('the profile of seccomp is a file, Docker’s own or none, and real-time CPU none unless it is given', () => {
  const given = options('--seccomp-profile', '/etc/one.json', '--cpu-rt-period', '1000', '--cpu-rt-runtime=950');
  assert.deepEqual([given.seccompProfile, given.realtime], ['/etc/one.json', { period: 1000, runtime: 950 }]);
  assert.deepEqual([options().seccompProfile, options().realtime], ['builtin', { period: 0, runtime: 0 }]);
  assert.deepEqual(['', 'builtin', 'unconfined'].map(readSeccompDefault), [undefined, undefined, 'unconfined']);
  assert.equal(readSeccompDefault(import.meta.filename), readFileSync(import.meta.filename, 'utf8'));
  const message = 'opening seccomp profile (/no/such) failed: open /no/such: no such file or directory';
  assert.throws(() => readSeccompDefault('/no/such'), { code: 'invalid-argument', message });
});

test('plain TCP is served to this machine only', () => {
  assert.equal(listenAddresses(options('-H', 'tcp://127.0.0.1:2375')).length, 1);
  assert.throws(() => listenAddresses(options('-H', 'tcp://0.0.0.0:2375')), /without TLS/);
  assert.throws(() => listenAddresses(options('-H', 'nonsense')), /unable to parse docker host/);
  assert.throws(() => listenAddresses(options('-H', 'fd://')), /socket activation/);
});

test('engines beside each other tell their namespaces apart', () => {
  assert.equal(namespacePrefix('/run/fairlead'), 'fl-');
  assert.notEqual(namespacePrefix('/run/a'), namespacePrefix('/run/b'));
});

test('options of networks that do not set them come from flags or from the file, by driver', () => {
  const [mtu, icc] = ['com.docker.network.driver.mtu', 'com.docker.network.bridge.enable_icc'];
  const given = options('--default-network-opt', `bridge=${mtu}=1400`, '--default-network-opt', `bridge=${icc}=false`);
  const wanted = { bridge: { [mtu]: '1400', [icc]: 'false' } };
  assert.deepEqual(given.networkOptions, wanted);
  const file = parseConfig(JSON.stringify({ 'default-network-opts': { bridge: { [mtu]: '1400', [icc]: false } } }));
  assert.deepEqual(optionsOf(file).networkOptions, wanted);
  assert.throws(() => options('--default-network-opt', 'mtu=1400'), { code: 'invalid-argument', message: /mtu=1400/ });
});

test('forwarding is the engine’s to switch on unless the flag or the file says otherwise', () => {
  assert.equal(options().ipForward, true);
  const given = options('--ip-forward=false');
  assert.deepEqual([given.ipForward, given.notes], [false, []]);
  assert.equal(optionsOf(parseConfig('{"ip-forward": false}')).ipForward, false);
});
