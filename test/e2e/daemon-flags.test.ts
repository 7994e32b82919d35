import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Daemon, Host } from '@fairlead/lab';

const fairlead = resolve(import.meta.dirname, '../../fairlead');

/** What dockerd's flags mean for the networks and containers that come of them. */

async function withDaemon(
  flags: readonly string[],
  work: (daemon: Daemon, host: Host) => Promise<void>,
): Promise<void> {
  await using host = await Host.create({});
  await using daemon = await Daemon.fairlead(host, flags);
  await daemon.loadBusybox();
  await work(daemon, host);
}

test('--bip, --mtu, --dns and --default-address-pool decide about networks, and flags without effect are noted', async () => {
  const flags = ['--bip', '10.200.0.1/24', '--mtu', '1400', '--dns', '192.0.2.53', '--live-restore'];
  await withDaemon([...flags, '--default-address-pool', 'base=10.201.0.0/16,size=24'], async (daemon, host) => {
    assert.match(await host.exec('ip', 'addr', 'show', 'docker0'), /mtu 1400 [\s\S]*inet 10\.200\.0\.1\/24/);
    const look = 'cat /sys/class/net/eth0/mtu; cat /etc/resolv.conf; ip route';
    const seen = await daemon.docker('run', '--rm', 'busybox', 'sh', '-c', look);
    assert.match(seen, /^1400\n[\s\S]*nameserver 192\.0\.2\.53\n[\s\S]*default via 10\.200\.0\.1/);
    await daemon.docker('network', 'create', 'app');
    const subnet = await daemon.docker('network', 'inspect', '-f', '{{(index .IPAM.Config 0).Subnet}}', 'app');
    assert.equal(subnet, '10.201.0.0/24\n');
    assert.match(daemon.log(), /flag without effect: --live-restore: containers always go on/);
  });
});

test('what a container does not say itself is as the flags want it', async () => {
  await using host = await Host.create({});
  const flags = ['--default-ulimit', 'nofile=777:888', '--default-shm-size', '32m', '--no-new-privileges'];
  await using daemon = await Daemon.fairlead(host, flags);
  await daemon.loadBusybox();
  const look =
    'ulimit -Sn; ulimit -Hn; df -k /dev/shm | tail -1 | tr -s " " | cut -d" " -f2; grep NoNewPrivs /proc/self/status';
  const said = ['--ulimit', 'nofile=99', '--shm-size', '16m', '--security-opt', 'no-new-privileges=false'];
  const run = (...options: string[]) => daemon.docker('run', '--rm', ...options, 'busybox', 'sh', '-c', look);
  for (const own of [[], ['--ipc', 'shareable']]) {
    assert.equal(await run(...own), '777\n888\n32768\nNoNewPrivs:\t1\n');
  }
  assert.equal(await run(...said), '99\n99\n16384\nNoNewPrivs:\t0\n');
});

test('--default-ipc-mode, --default-cgroupns-mode and --seccomp-profile are for containers that say nothing themselves', async () => {
  await using host = await Host.create({});
  const profile = join(host.folder, 'profile.json');
  const names = ['mkdir', 'mkdirat'];
  const syscalls = [{ names, action: 'SCMP_ACT_ERRNO' }];
  writeFileSync(profile, JSON.stringify({ defaultAction: 'SCMP_ACT_ALLOW', syscalls }));
  const flags = ['--default-ipc-mode', 'shareable', '--default-cgroupns-mode', 'private', '--seccomp-profile', profile];
  {
    await using daemon = await Daemon.fairlead(host, flags);
    await daemon.loadBusybox();
    await daemon.docker('run', '-d', '--name', 'one', 'busybox', 'sleep', '1000');
    const shown = '{{.HostConfig.IpcMode}} {{.HostConfig.CgroupnsMode}}';
    assert.equal(await daemon.docker('inspect', '-f', shown, 'one'), 'shareable private\n');
    await daemon.docker('exec', 'one', 'touch', '/dev/shm/seen');
    const run = (...words: string[]) => daemon.tryDocker(['run', '--rm', ...words]);
    assert.equal((await run('--ipc', 'container:one', 'busybox', 'ls', '/dev/shm')).stdout, 'seen\n');
    assert.doesNotMatch((await run('busybox', 'cat', '/proc/self/cgroup')).stdout, /fairlead/);
    assert.match((await run('--cgroupns', 'host', 'busybox', 'cat', '/proc/self/cgroup')).stdout, /\/[0-9a-f]{64}$/m);
    const mkdir = ['busybox', 'mkdir', '/x'];
    assert.match((await run(...mkdir)).stderr, /Operation not permitted/);
    const done = { code: 0, stdout: '', stderr: '' };
    for (const own of [['--privileged'], ['--security-opt', 'seccomp=unconfined']]) {
      assert.deepEqual(await run(...own, ...mkdir), done, own.join(' '));
    }
    // With our own command: docker's of 20.10 takes `builtin` for a file.
    const builtin = [fairlead, 'run', '--rm', '--security-opt', 'seccomp=builtin', ...mkdir];
    assert.deepEqual(await host.run(builtin, { env: { DOCKER_HOST: daemon.address } }), done);
    const options = await daemon.docker('info', '-f', '{{json .SecurityOptions}}');
    assert.ok(options.includes(`"name=seccomp,profile=${profile}"`), options);
    await daemon.docker('rm', '-f', 'one');
  }
  {
    await using daemon = await Daemon.fairlead(host, ['--seccomp-profile', 'unconfined']);
    assert.match(await daemon.docker('run', '--rm', 'busybox', 'grep', 'Seccomp:', '/proc/self/status'), /\t0$/m);
  }
  const message =
    /failed to start daemon: opening seccomp profile \(\/no\/such\) failed: open \/no\/such: no such file/;
  await assert.rejects(Daemon.fairlead(host, ['--seccomp-profile', '/no/such']), message);
});

const realtime = '/sys/fs/cgroup/cpu/cpu.rt_runtime_us';

test('--cpu-rt-runtime gives the group above containers its share, or says why it cannot', async () => {
  await using host = await Host.create({});
  const flags = ['--cpu-rt-period', '1000000', '--cpu-rt-runtime', '1000', '--cgroup-parent', `/${host.name}`];
  const daemonless = 'daemon-scoped cpu-rt-period and cpu-rt-runtime are not';
  if (!existsSync(realtime)) return await assert.rejects(Daemon.fairlead(host, flags), new RegExp(daemonless));
  {
    await using daemon = await Daemon.fairlead(host, flags);
    await daemon.loadBusybox({ programs: ['/usr/bin/chrt'] });
    const own = ['--cpu-rt-runtime', '500', '--ulimit', 'rtprio=99', '--cap-add', 'SYS_NICE'];
    assert.equal(await daemon.docker('run', '--rm', ...own, 'busybox', 'chrt', '-f', '1', 'echo', 'done'), 'done\n');
    assert.equal((await host.exec('cat', `/sys/fs/cgroup/cpu/${host.name}/cpu.rt_runtime_us`)).trim(), '1000');
    const asked = await daemon.tryDocker(['run', '--rm', '--cpu-rt-runtime', '2000', 'busybox', 'true']);
    assert.match(asked.stderr, /cpu\.rt_runtime_us/);
  }
});

test('--help lists every flag and --version says which it is, without a daemon', () => {
  const said = (flag: string) => execFileSync(fairlead, ['daemon', flag], { encoding: 'utf8' });
  assert.match(said('--help'), /^Usage: fairlead daemon[\s\S]*-H, --host list\n[\s\S]*-v, --version\n$/);
  assert.match(said('-v'), /^Fairlead version \d+\.\d+\.\d+\n$/);
});

test('with --ip-forward=false the host’s forwarding is left as it is, and its lack is said in Docker’s words', async () => {
  const lacking = 'IPv4 forwarding is disabled';
  const forwarding = (host: Host) => host.exec('sysctl', '-n', 'net.ipv4.ip_forward', 'net.ipv6.conf.all.forwarding');
  await using host = await Host.create({});
  await host.exec('sysctl', '-qw', 'net.ipv4.ip_forward=0', 'net.ipv6.conf.all.forwarding=0');
  await using daemon = await Daemon.fairlead(host, ['--ip-forward=false', '--ipv6']);
  await daemon.loadBusybox();
  const { stderr } = await daemon.tryDocker(['run', '-d', '--name', 'web', 'busybox', 'sleep', '1000']);
  assert.equal(stderr, `WARNING: ${lacking}. Networking will not work.\n`);
  assert.equal(await forwarding(host), '0\n0\n');
  assert.match(daemon.log(), new RegExp(`${lacking}. Networking will not work`));
  const info = async () => {
    const { stdout, stderr } = await daemon.tryDocker(['info']);
    return stdout + stderr;
  };
  assert.match(await info(), new RegExp(`WARNING: ${lacking}`));
  const { stdout } = await host.run([fairlead, 'doctor'], { env: { DOCKER_HOST: daemon.address } });
  assert.match(stdout, /This host does not forward IPv4/);
  await host.exec('sysctl', '-qw', 'net.ipv4.ip_forward=1', 'net.ipv6.conf.all.forwarding=1');
  assert.ok(!(await info()).includes(lacking));
  await daemon.docker('rm', '-f', 'web');
});

test('the default network has another subnet when the flags change, and keeps its identity', async () => {
  await using host = await Host.create({});
  const identity = async (daemon: Daemon) => await daemon.docker('network', 'inspect', '-f', '{{.Id}}', 'bridge');
  let id = '';
  {
    await using daemon = await Daemon.fairlead(host, ['--bip', '10.200.0.1/24']);
    id = await identity(daemon);
  }
  await using daemon = await Daemon.fairlead(host, ['--bip', '10.210.0.1/24', '--ipv6', '--ip', '127.0.0.1,::1']);
  assert.equal(await identity(daemon), id);
  const option = '{{index .Options "com.fairlead.ports.binding"}}';
  assert.equal((await daemon.docker('network', 'inspect', '-f', option, 'bridge')).trim(), '127.0.0.1,::1');
  const addresses = await host.exec('ip', '-br', 'addr', 'show', 'docker0');
  assert.match(addresses, /10\.210\.0\.1\/24/);
  assert.match(addresses, /fd[0-9a-f:]+::1\/64/);
  assert.doesNotMatch(addresses, /10\.200\.0\.1/);
});

test('what would leave containers less apart than was asked for is refused at the start', async () => {
  await using host = await Host.create({});
  await assert.rejects(Daemon.fairlead(host, ['--userns-remap', 'nosuch']), /Error during uid lookup for "nosuch"/);
});

test('--validate says whether a configuration can be, and starts nothing', async () => {
  await using host = await Host.create({});
  const file = join(host.folder, 'daemon.json');
  const validate = async (text: string) => {
    writeFileSync(file, text);
    return await host.run([fairlead, 'daemon', '--validate', '--config-file', file]);
  };
  assert.deepEqual(await validate('{"mtu": 1400}'), { code: 0, stdout: '', stderr: 'configuration OK\n' });
  const { code, stderr } = await validate('{"mtu": "1400"}');
  assert.equal(code, 1);
  assert.match(stderr, /^unable to configure the Docker daemon with file \S+: json: cannot unmarshal string/);
});

test('a configuration file says the same as flags, and both together are refused', async () => {
  await using host = await Host.create({});
  const file = join(host.folder, 'daemon.json');
  writeFileSync(file, '{"bip": "10.220.0.1/24", "dns-search": ["example.test"]}');
  {
    await using daemon = await Daemon.fairlead(host, ['--config-file', file]);
    const bridge = await daemon.docker('network', 'inspect', '-f', '{{(index .IPAM.Config 0).Gateway}}', 'bridge');
    assert.equal(bridge, '10.220.0.1\n');
  }
  const both = Daemon.fairlead(host, ['--config-file', file, '--bip', '10.220.0.1/24']);
  await assert.rejects(
    both,
    /\nunable to configure the Docker daemon with file \S+: the following directives are specified both as a flag and in the configuration file: bip: \(from flag: 10\.220\.0\.1\/24, from file: 10\.220\.0\.1\/24\)\n/,
  );
});

test("--containerd uses the system's containerd and leaves it running", async () => {
  await using host = await Host.create({});
  const root = join(host.folder, 'system');
  const socket = '/run/system-containerd.sock';
  const server = host.start(['containerd', '--root', root, '--state', '/run/system-containerd', '--address', socket]);
  server.stdout?.resume();
  server.stderr?.resume();
  while ((await host.run(['test', '-S', socket])).code !== 0) await sleep(20);
  {
    await using daemon = await Daemon.fairlead(host, ['--containerd', socket]);
    await daemon.loadBusybox();
    assert.equal(await daemon.docker('run', '--rm', 'busybox', 'echo', 'hello'), 'hello\n');
    // The docker command knows this field since 27.
    const info = await host.exec('curl', '-s', '--unix-socket', daemon.socket, 'http://localhost/v1.51/info');
    assert.match(info, /"Containerd":\{"Address":"[^"]*system-containerd\.sock"/);
  }
  assert.equal((await host.run(['ctr', '-a', socket, 'version'])).code, 0);
});

test('--icc, --default-gateway and --default-network-opt decide about networks', async () => {
  const [mtu, prefix] = ['com.docker.network.driver.mtu', 'com.docker.network.container_iface_prefix'];
  const bridge = ['--icc=false', '--bip', '10.200.0.1/24', '--default-gateway', '10.200.0.254'];
  const defaults = ['--default-network-opt', `bridge=${mtu}=1380`, '--default-network-opt', `bridge=${prefix}=net`];
  await withDaemon([...bridge, ...defaults], async (daemon, host) => {
    await daemon.docker('run', '-d', 'busybox', 'sleep', '1000');
    const look = 'ip route; ping -c1 -W1 10.200.0.2';
    const other = await daemon.tryDocker(['run', '--rm', 'busybox', 'sh', '-c', look]);
    assert.match(other.stdout, /default via 10\.200\.0\.254 /);
    assert.match(other.stdout, / 0 packets received/);
    // The host itself is not kept from it.
    await host.exec('busybox', 'ping', '-c1', '-W1', '10.200.0.2');
    await daemon.docker('network', 'create', 'app');
    await daemon.docker('network', 'create', '-o', `${mtu}=1370`, 'own');
    const link = async (network: string) =>
      await daemon.docker('run', '--rm', '--network', network, 'busybox', 'sh', '-c', 'cat /sys/class/net/net0/mtu');
    assert.deepEqual([await link('app'), await link('own')], ['1380\n', '1370\n']);
  });
});

test('a second daemon beside one that runs is refused, whatever was left in the file of a killed one', async () => {
  await using host = await Host.create();
  await using daemon = await Daemon.fairlead(host);
  const pidFile = '/run/fairlead.pid';
  const second = await host.run([fairlead, 'daemon', '--pidfile', pidFile, '--data-root', join(host.folder, 'second')]);
  assert.match(second.stderr, /process with PID \d+ is still running: ensure Fairlead is not running or delete/);
  assert.equal(second.code, 1);
  await daemon.kill9();
  await host.exec('sh', '-c', `echo 1 >${pidFile}`);
  await daemon.restart();
});

test('what is published is for this host alone when the operator wants it so', async () => {
  const binding = 'bridge=com.docker.network.bridge.host_binding_ipv4=127.0.0.1';
  await withDaemon(['--ip', '127.0.0.1', '--default-network-opt', binding], async (daemon) => {
    await daemon.docker('network', 'create', 'app');
    for (const [index, network] of ['bridge', 'app'].entries()) {
      const ports = ['-p', `808${index}:80`, '-p', `0.0.0.0:809${index}:81`];
      await daemon.docker(
        'run',
        '-d',
        '--name',
        `on-${network}`,
        '--network',
        network,
        ...ports,
        'busybox',
        'sleep',
        '1000',
      );
      // The docker command of 20.10 lists them in no order.
      const shown = (await daemon.docker('port', `on-${network}`)).trimEnd().split('\n').sort();
      assert.deepEqual(shown, [`80/tcp -> 127.0.0.1:808${index}`, `81/tcp -> 0.0.0.0:809${index}`]);
    }
  });
});
