import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { after, before, suite, test } from 'node:test';
import { namespacePath } from '@fairlead/kernel';
import { testNames } from '@fairlead/kernel/testing';
import { removeHost } from '../testing/kernel-inside.ts';
import { KernelLab } from '../testing/kernel-lab.ts';
import type { BalancedService, VirtualAddress } from './service-model.ts';

/** Virtual addresses in a real kernel, asked with real packets. */

const NAMES = testNames('service');
const HOST = `${NAMES}host`;
const PREFIX = `${NAMES}box-`;

/** Answers every connection and every datagram with its own name and the address that it sees the asker under. */
const server = `
const [name, ...ports] = process.argv.slice(1);
let waiting = 2 * ports.length;
const ready = () => { if (--waiting === 0) console.log('ready'); };
const plain = (address) => address.replace('::ffff:', '');
for (const port of ports.map(Number)) {
  require('net').createServer((c) => { c.on('error', () => {}); c.end(name + ' ' + plain(c.remoteAddress)); }).listen(port, '::', ready);
  const u = require('dgram').createSocket('udp6');
  u.on('message', (_, from) => u.send(name + ' ' + plain(from.address) + '\\n', from.port, from.address));
  u.bind(port, ready);
}`;

/** Says who answers a datagram from one socket, as often as it is told to ask. */
const oneSocket = `
const address = process.argv[1];
const socket = require('dgram').createSocket(address.includes(':') ? 'udp6' : 'udp4');
socket.on('message', (answer) => console.log(String(answer).trim()));
process.stdin.on('data', () => socket.send('hello', 80, address));
process.stdin.on('end', () => process.exit());`;

suite('services in a real kernel', () => {
  let lab: KernelLab;
  let virtual: VirtualAddress;
  let service: BalancedService;
  const programs: ChildProcess[] = [];

  before(async () => {
    removeHost(HOST, PREFIX);
    lab = new KernelLab(HOST, PREFIX);
    await lab.start();
    const { id } = await lab.controller.createNetwork({ name: 'app', ipv6: true });
    for (const name of ['one', 'two', 'asker']) await lab.join(name, 'app');
    for (const name of ['one', 'two']) programs.push(await start(name, server, name, '80', '81'));
    virtual = lab.controller.holdVirtualAddress(id, 'web');
    service = {
      ...{ id: 'web', name: 'web', ports: [] },
      networks: [{ network: id, aliases: [], virtual }],
      backends: ['one-id', 'two-id'],
    };
  });

  after(() => {
    for (const program of programs) program.kill('SIGKILL');
    lab[Symbol.dispose]();
    removeHost(HOST, PREFIX);
  });

  async function start(name: string, script: string, ...words: string[]): Promise<ChildProcess> {
    const command = [`--net=${namespacePath(`${PREFIX}${name}`)}`, process.execPath, '-e', script, ...words];
    const program = spawn('nsenter', command, { stdio: ['pipe', 'pipe', 'inherit'] });
    if (script === server) await once(program.stdout, 'data');
    return program;
  }

  function ask(from: string, address: string, port: number, protocol: 'tcp' | 'udp'): string {
    const script = `exec 3<>/dev/${protocol}/${address}/${port} || exit 1; echo hello >&3; head -n 1 <&3`;
    return lab.run(from, 'timeout', '2', 'bash', '-c', script).trim();
  }

  /** Who answers, asked often enough to miss none of two but once in a billion times. */
  function answering(from: string, address: string, port: number, protocol: 'tcp' | 'udp'): string[] {
    const answers = new Set<string>();
    for (let draw = 0; draw < 30 && answers.size < 2; draw++) answers.add(ask(from, address, port, protocol));
    return [...answers].sort();
  }

  test('every port and protocol of a virtual address reaches each backend, which sees who asks', async () => {
    await lab.controller.setService(service);
    for (const address of Object.values(virtual)) {
      for (const [port, protocol] of [
        [80, 'tcp'],
        [81, 'tcp'],
        [80, 'udp'],
      ] as const) {
        const [asker] = lab.controller.endpointsOn(service.networks[0]?.network ?? '').slice(-1);
        const own = address.includes(':') ? asker?.ipv6 : asker?.ipv4;
        assert.deepEqual(
          answering('asker', address, port, protocol),
          [`one ${own}`, `two ${own}`],
          `${protocol} ${port}`,
        );
      }
      assert.ok(lab.reaches('asker', address, 2), `${address} answers an echo`);
      const names = answering('one', address, 80, 'tcp').map((answer) => answer.split(' ')[0]);
      assert.deepEqual(names, ['one', 'two'], 'a backend asks its own service');
    }
  });

  test('a comparison finds nothing to do, and puts back what somebody takes away', async () => {
    assert.deepEqual(await lab.controller.repair(), []);
    execFileSync('ip', ['netns', 'exec', `${PREFIX}asker`, 'nft', 'delete table inet fairlead_services']);
    const changes = await lab.controller.repair();
    assert.equal(changes.filter(({ object }) => object.kind === 'element').length, 4);
    assert.equal(answering('asker', virtual.ipv4 ?? '', 80, 'tcp').length, 2);
  });

  test('a backend that gets no traffic any more gets no datagram of those who go on either', async () => {
    const asking = await start('asker', oneSocket, virtual.ipv4 ?? '');
    programs.push(asking);
    const answer = async () => {
      asking.stdin?.write('ask\n');
      const [data] = asking.stdout ? await once(asking.stdout, 'data') : [];
      return String(data).split(' ')[0];
    };
    const first = await answer();
    const other = first === 'one' ? 'two' : 'one';
    assert.equal(await answer(), first, 'a flow stays where it is');
    await lab.controller.setService({ ...service, backends: [`${other}-id`] });
    assert.equal(await answer(), other);
    for (let draw = 0; draw < 10; draw++)
      assert.match(ask('asker', virtual.ipv4 ?? '', 80, 'tcp'), new RegExp(`^${other} `));
  });

  test('without the service nobody tracks connections there', async () => {
    await lab.controller.removeService('web');
    assert.equal(lab.run('asker', 'nft', 'list', 'tables').includes('fairlead_services'), false);
  });
});
