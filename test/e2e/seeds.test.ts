import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, suite, test } from 'node:test';
import { Kernel, Recorder } from '@fairlead/kernel';
import { busyboxImage, Daemon, Host } from '@fairlead/lab';
import { eventually } from './life-rig.ts';
import { whenListening } from './web-server.ts';

/**
 * The commands of four well-known walks through container networking, as their notes have them, with the real docker
 * command and the real tools. `alpine`, `ubuntu` and `nginx` are names of one image made of busybox.
 *
 * Left out: the notes' dummy interfaces (brtest1, brtest2), since not every kernel has that driver; the veth pairs beside
 * them do the same work. Left out too: `iptables -t nat -L`, for there are no rules of iptables to see.
 */

/** The example program of the fourth notes. */
const myapp = `echo "== Inside container =="
echo "WORKDIR: $PWD"
echo "MY_ENV: $MY_ENV"
echo "Contents of /data:"
ls -l /data
`;

let host: Host;
let daemon: Daemon;
const docker = (...words: string[]) => daemon.docker(...words);
const launcher = join(import.meta.dirname, '../../fairlead');
const fairlead = (...words: string[]) => host.exec(launcher, '-H', daemon.address, ...words);

/** A piece of shell, typed on the host; fails with what it said. */
async function shell(script: string, input = ''): Promise<string> {
  const command = ['bash', '-e', '-o', 'pipefail', '-c', script];
  const { code, stdout, stderr } = await host.run(command, {
    input,
    timeout: 20_000,
    env: { DOCKER_HOST: daemon.address },
  });
  assert.equal(code, 0, `${script}\n${stdout}${stderr}`);
  return stdout;
}

/** Taken apart also when a step of the set-up fails. */
const parts = new AsyncDisposableStack();

before(async () => {
  host = parts.use(await Host.create({ kernel: new Kernel(new Recorder()) }));
  daemon = parts.use(await Daemon.fairlead(host));
  const image = join(host.folder, 'busybox.tar');
  const files = { '/var/www/index.html': 'it works\n', '/app/run.sh': myapp };
  await busyboxImage(image, { files });
  await docker('load', '-i', image);
  for (const name of ['alpine', 'ubuntu', 'nginx', 'appimage']) await docker('tag', 'busybox', name);
  await busyboxImage(image, {
    reference: 'myapp:latest',
    files,
    config: { WorkingDir: '/app', Cmd: ['sh', '/app/run.sh'] },
  });
  await docker('load', '-i', image);
});

/** Each test leaves what it found. */
afterEach(async () => {
  await shell('docker ps -aq | xargs -r docker rm -f; docker network prune -f');
  assert.equal(await docker('network', 'ls', '--format', '{{.Name}}'), 'bridge\nhost\nnone\n');
  assert.equal(await host.exec('ls', '/run/netns'), '');
});

after(() => parts.disposeAsync());

const pidOf = async (name: string) => (await shell(`docker inspect -f '{{.State.Pid}}' ${name}`)).trim();
const inodeOf = async (pid: string) => (await shell(`readlink /proc/${pid}/ns/net`)).trim();
const first = (text: string, pattern: RegExp) => pattern.exec(text)?.[1] ?? assert.fail(`no ${pattern} in ${text}`);

suite('notes on Linux networking', () => {
  test('a container in the host network sees every interface of the host', async () => {
    await shell('docker run --name con1 --network host ubuntu');
    const inside = await shell('docker run --rm --network host ubuntu ls /sys/class/net');
    const links = [...(await shell('ip -o link')).matchAll(/^\d+: ([^:@]+)/gm)].map(([, name]) => name);
    assert.deepEqual(inside.trim().split('\n').sort(), links.sort());
    assert.deepEqual(links, ['docker0', 'eth0', 'lo']);
  });

  test('a container without a network has a loopback interface in a namespace of its own', async () => {
    await shell('docker run --name con2 --network none ubuntu');
    await shell('docker run -d --name con3 --network none ubuntu sleep infinity');
    const links = await shell(`nsenter --net=/proc/${await pidOf('con3')}/ns/net ip -o link`);
    assert.match(links, /^1: lo: <LOOPBACK,UP,LOWER_UP>.*\n$/);
    assert.notEqual(await inodeOf(await pidOf('con3')), await inodeOf('1'));
    assert.equal(await shell('docker exec con3 ping -c1 -W1 127.0.0.1 | grep -c "1 packets received"'), '1\n');
  });

  test('a port of the host leads to the port of the container', async () => {
    await shell('docker run --name con -d -p8000:8000 ubuntu httpd -f -p 8000 -h /var/www');
    await whenListening(daemon, 'con', 8000);
    const url = `http://${host.addresses.host.ipv4}:8000/`;
    assert.equal(await host.outside.exec('busybox', 'wget', '-qO-', url), 'it works\n');
    assert.equal(await host.exec('busybox', 'wget', '-qO-', 'http://127.0.0.1:8000/'), 'it works\n');
    assert.match(await shell('nft list map inet fairlead publish4'), /tcp \. 8000 : 172\.17\.0\.2 \. 8000/);
  });

  test('the bridge shows the containers that hang on it, and learns their addresses', async () => {
    await shell('docker run --name con -itd ubuntu');
    const mac = (await shell("docker inspect -f '{{.NetworkSettings.MacAddress}}' con")).trim();
    const port = first(await shell('brctl show docker0'), /^docker0\s+8000\.[0-9a-f]{12}\s+no\s+(veth[0-9a-f]{11})$/m);
    await shell('docker exec con ping -c1 -W2 172.17.0.1');
    assert.match(await shell('brctl showmacs docker0'), new RegExp(`${mac}\\s+no`));
    assert.match(await shell('bridge fdb show br docker0'), new RegExp(`^${mac} dev ${port} master docker0 $`, 'm'));
    const [row, ...others] = JSON.parse(await fairlead('network', 'fdb', '--json', 'docker0')).filter(
      (entry: { kind: string }) => entry.kind === 'learnt',
    );
    assert.deepEqual(others, []);
    const index = Number(first(await shell(`ip -o link show ${port}`), /^(\d+):/));
    assert.partialDeepStrictEqual(row, { network: 'bridge', mac, port, index, container: 'con', interface: 'eth0' });
    assert.match(
      await shell('nsenter --net=/run/netns/fl-con ip -o link show eth0'),
      new RegExp(`^${row.peer}: eth0@if${index}:`),
    );
    await assert.rejects(fairlead('network', 'fdb', 'nobody'), /network nobody not found/);
  });

  test('network namespaces are listed with the processes in them', async () => {
    await shell('docker run --name one -d ubuntu sleep infinity');
    await shell('docker run --name two -d --network host ubuntu sleep 4711');
    const rows = (await shell('lsns --type net -o NS,PID,COMMAND --noheadings')).trim().split('\n');
    const own = first(await inodeOf(await pidOf('one')), /(\d+)/);
    const [row = '', ...others] = rows.filter((text) => text.includes('sleep infinity'));
    assert.deepEqual(others, []);
    assert.deepEqual(row.trim().split(/\s+/), [own, await pidOf('one'), 'sleep', 'infinity']);
    assert.ok(!rows.some((row) => row.includes('sleep 4711')), 'a host container has no namespace of its own');
  });

  test('a bridge made by hand beside it is left alone', async () => {
    await shell(`
      brctl addbr demobr1; ip link set up demobr1; ip addr add 172.16.0.1/24 dev demobr1
      ip link add pair1-a type veth peer name pair1-b
      ip link add pair2-a type veth peer name pair2-b
      for end in pair1-a pair1-b pair2-a pair2-b; do ip link set up $end; done
      brctl addif demobr1 pair1-a pair2-a`);
    assert.match(await shell('brctl show demobr1'), /pair1-a\n\s+pair2-a/);
    // In one namespace the answer would take the loopback, whatever -I says: each far end moves to one of its own.
    await shell(`
      for i in 1 2; do
        : >/run/demo$i; unshare --net=/run/demo$i true
        ip link set pair$i-b netns /run/demo$i
        in="nsenter --net=/run/demo$i"
        $in ip link set up lo; $in ip link set up pair$i-b
        $in ip addr add 172.16.0.$((i + 1))/24 dev pair$i-b
        $in ip route add default via 172.16.0.1
      done`);
    await host.outside.exec('ip', 'route', 'add', '172.16.0.0/24', 'via', host.addresses.host.ipv4);
    await shell('docker run --name con -d -p 8000:80 ubuntu httpd -f -h /var/www');
    await whenListening(daemon, 'con');
    const ping = (address: string) => shell(`nsenter --net=/run/demo1 busybox ping -c1 -W2 -I pair1-b ${address}`);
    for (const address of ['172.16.0.1', '172.16.0.3', host.addresses.outside.ipv4]) await ping(address);
    await host.outside.exec('busybox', 'ping', '-c1', '-W2', '172.16.0.2');
    const page = await shell(`nsenter --net=/run/demo2 busybox wget -qO- http://${host.addresses.host.ipv4}:8000/`);
    assert.equal(page, 'it works\n');
    await assert.rejects(ping('172.17.0.2'), /0 packets received/, 'what is not published stays closed');
    assert.match(await shell('brctl showmacs demobr1'), /no\s+\d/);
    await host.outside.exec('ip', 'route', 'del', '172.16.0.0/24');
    await shell('umount /run/demo1 /run/demo2; rm /run/demo1 /run/demo2; ip link del demobr1');
  });
});

suite('notes on pods', () => {
  test('the pause container has the network, the actual container uses it', async () => {
    await shell('docker run --name pause -itd ubuntu sleep infinity');
    await shell('docker run --name actual-app --net=container:pause -itd appimage');
    assert.equal(await inodeOf(await pidOf('actual-app')), await inodeOf(await pidOf('pause')));
    const own = await shell('docker exec pause ip addr');
    assert.match(own, /inet 172\.17\.0\.2\/16/);
    assert.equal(await shell('docker exec actual-app ip addr'), own);
    await shell('docker exec -d actual-app httpd -f -p 127.0.0.1:81 -h /var/www');
    await whenListening(daemon, 'actual-app', 81);
    assert.equal(await shell('docker exec pause wget -qO- http://127.0.0.1:81/'), 'it works\n');
  });

  test('the network outlives a restart of the actual container', async () => {
    await shell('docker run --name pause -itd ubuntu sleep infinity');
    await shell('docker run --name actual-app --net=container:pause -itd appimage');
    const inode = await inodeOf(await pidOf('pause'));
    await shell('docker restart -t 0 actual-app');
    assert.equal(await inodeOf(await pidOf('actual-app')), inode);
    await shell('docker exec actual-app ping -c1 -W2 172.17.0.1');
  });
});

suite('notes on Docker networking', () => {
  test('two interactive containers on the default network reach each other, by address', async () => {
    const terminal = (command: string) =>
      host.start(['script', '-qec', command, '/dev/null'], { env: { DOCKER_HOST: daemon.address, TERM: 'dumb' } });
    const second = terminal('docker run -it --rm --name container2 alpine');
    await whenRunning('container2');
    const address = (await shell("docker inspect -f '{{.NetworkSettings.IPAddress}}' container2")).trim();
    const one = terminal('docker run -it --rm --name container1 alpine');
    let screen = '';
    one.stdout?.on('data', (piece: Buffer) => {
      screen += piece;
    });
    await whenRunning('container1');
    // The notes' `ping container2` fails on Docker too: the default network has no names.
    one.stdin?.write(`ping -c1 -W2 ${address}\nping -c1 -W2 container2\nexit\n`);
    await new Promise((resolve) => one.once('close', resolve));
    assert.match(screen, /1 packets received/);
    assert.match(screen, /bad address 'container2'/);
    second.stdin?.write('exit\n');
    await new Promise((resolve) => second.once('close', resolve));
    assert.equal(await docker('ps', '-aq'), '');
  });

  test('on a network of their own containers find each other by name, both ways', async () => {
    await shell('docker network create my_bridge');
    await shell('docker run -dit --name container1 --network my_bridge alpine');
    await shell('docker run -dit --name container2 --network my_bridge alpine');
    assert.match(await shell('docker exec container1 ping -c1 -W2 container2'), /1 packets received/);
    assert.match(await shell('docker exec container2 ping -c1 -W2 container1'), /1 packets received/);
    await shell('docker run -dit --name db --network my_bridge alpine');
    await shell('docker run -dit --name app --network my_bridge alpine');
    assert.match(await shell('docker exec app ping -c1 -W2 db'), /1 packets received/);
  });

  test('a network has the subnet that was asked for', async () => {
    await shell('docker network create \\\n  --subnet=192.168.1.0/24 \\\n  my_custom_network');
    const [network] = JSON.parse(await shell('docker network inspect my_custom_network'));
    assert.deepEqual(network.IPAM, {
      Driver: 'default',
      Options: {},
      Config: [{ Subnet: '192.168.1.0/24', Gateway: '192.168.1.1' }],
    });
    const address = await shell('docker run --rm --network my_custom_network alpine ip -o -4 addr show eth0');
    assert.match(address, /inet 192\.168\.1\.2\/24 brd 192\.168\.1\.255/);
  });

  test('the default network is inspected with its addresses and its containers', async () => {
    const id = (await shell('docker run -d --name web nginx sleep infinity')).trim();
    const [network] = JSON.parse(await shell('docker network inspect bridge'));
    assert.deepEqual(network.IPAM.Config, [{ Subnet: '172.17.0.0/16', Gateway: '172.17.0.1' }]);
    const { EndpointID: endpoint, MacAddress: mac, ...container } = network.Containers[id];
    assert.deepEqual(container, { Name: 'web', IPv4Address: '172.17.0.2/16', IPv6Address: '' });
    assert.match(endpoint, /^[0-9a-f]{64}$/);
    assert.match(await shell('docker exec web cat /sys/class/net/eth0/address'), new RegExp(`^${mac}$`, 'm'));
    assert.equal(network.Options['com.docker.network.bridge.name'], 'docker0');
  });
});

suite('the deep dive', () => {
  test('environment, bind mount and followed log of the first example', async () => {
    const data = join(host.folder, 'data-of-myapp');
    mkdirSync(data);
    await shell(`docker run -d --name myapp-container -e MY_ENV=HelloFromHost -v ${data}:/data myapp`);
    const expected = '== Inside container ==\nWORKDIR: /app\nMY_ENV: HelloFromHost\nContents of /data:\ntotal 0\n';
    assert.equal(await shell('docker logs -f myapp-container'), expected);
    await shell(`docker run --rm -v ${data}:/data myapp sh -c 'echo from inside >/data/file'`);
    assert.equal(await shell(`cat ${data}/file`), 'from inside\n');
    await assert.rejects(shell(`docker run --rm -v ${data}:/data:ro myapp touch /data/file`), /Read-only file system/);
  });

  test('a container is created, started, paused, resumed, stopped and removed', async () => {
    const state = async () =>
      (await shell("docker inspect -f '{{.State.Status}} {{.State.Running}} {{.State.Paused}}' life")).trim();
    const steps: [command: string, state: string][] = [
      ['docker create --name life ubuntu sleep infinity', 'created false false'],
      ['docker start life', 'running true false'],
      ['docker pause life', 'paused true true'],
      ['docker unpause life', 'running true false'],
      ['docker stop -t 0 life', 'exited false false'],
      ['docker start life', 'running true false'],
      ['docker restart -t 0 life', 'running true false'],
      ['docker kill life', 'exited false false'],
    ];
    for (const [command, expected] of steps) {
      await shell(command);
      assert.equal(await state(), expected, command);
    }
    await shell('docker rm life');
    await assert.rejects(shell('docker start life'), /No such container: life/);
  });

  test('the gateway of every container is the address of docker0', async () => {
    assert.match(
      await shell('ip addr show docker0'),
      /inet 172\.17\.0\.1\/16 brd 172\.17\.255\.255 scope global docker0/,
    );
    await shell('docker run -d --name c1 ubuntu sleep infinity');
    const routes = await shell(`nsenter --net=/proc/${await pidOf('c1')}/ns/net ip route`);
    assert.match(routes, /^default via 172\.17\.0\.1 dev eth0/);
    assert.match(routes, /^172\.17\.0\.0\/16 dev eth0 proto kernel scope link src 172\.17\.0\.2/m);
    assert.match(await shell('docker exec c1 ping -c1 -W2 172.17.0.1'), /1 packets received/);
    assert.match(await shell(`docker exec c1 ping -c1 -W2 ${host.addresses.outside.ipv4}`), /1 packets received/);
  });

  test('bridge-example.sh: a bridged container has a cable, a host container has the host', async () => {
    await shell('docker rm -f bridge-demo host-demo 2>/dev/null || :');
    await shell('docker run -d --name bridge-demo nginx sleep infinity');
    await shell('docker run -d --name host-demo --network host nginx sleep infinity');
    const [bridge, hostDemo] = [await pidOf('bridge-demo'), await pidOf('host-demo')];
    assert.match(
      await shell(`ls -l /proc/${bridge}/ns/net`),
      new RegExp(`/proc/${bridge}/ns/net -> '?net:\\[\\d+\\]'?\n$`),
    );
    assert.notEqual(await inodeOf(bridge), await inodeOf('1'));
    assert.equal(await inodeOf(hostDemo), await inodeOf('1'));

    const link = await shell(`nsenter --net=/proc/${bridge}/ns/net ip -o link show eth0`);
    const own = first(link, /^(\d+): eth0@/);
    const peer = first(link, /^\d+: eth0@if(\d+): <BROADCAST,MULTICAST,UP,LOWER_UP>/);
    const veth = first(
      await shell('ip -o link'),
      new RegExp(`^${peer}: (veth\\w+)@if${own}: .* master docker0 state UP`, 'm'),
    );
    assert.match(await shell(`ip -o link show ${veth}`), new RegExp(`^${peer}: ${veth}@if${own}:`));
    const mac = (await shell("docker inspect -f '{{.NetworkSettings.Networks.bridge.MacAddress}}' bridge-demo")).trim();
    assert.equal(first(link, /link\/ether (\S+)/), mac);
    assert.match(await shell('brctl show docker0'), new RegExp(`^docker0\\s+8000\\.\\w+\\s+no\\s+${veth}\n$`, 'm'));

    const addresses = await shell(`nsenter --net=/proc/${bridge}/ns/net ip addr`);
    assert.match(addresses, /^1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 .*\n.*\n {4}inet 127\.0\.0\.1\/8 scope host lo/m);
    assert.match(
      addresses,
      /^ {4}link\/ether .* link-netnsid 0\n {4}inet 172\.17\.0\.2\/16 brd 172\.17\.255\.255 scope global eth0\n/m,
    );
    for (const command of ['ip -o addr', 'ip route']) {
      const [inside, outside] = [
        await shell(`nsenter --net=/proc/${hostDemo}/ns/net ${command}`),
        await shell(command),
      ];
      assert.equal(inside, outside);
    }
    await shell('docker rm -f bridge-demo host-demo');
    await eventually('its cable is gone', async () => !(await shell('ip -o link')).includes('veth'));
  });
});

/** Wait for a container that another program starts. */
function whenRunning(name: string): Promise<void> {
  return eventually(`${name} runs`, async () => (await docker('ps', '-q', '--filter', `name=${name}`)) !== '');
}
