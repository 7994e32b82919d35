import assert from 'node:assert/strict';
import { test } from 'node:test';
import { engineOf, processOf } from './process-of.ts';

const id = '1a2b3c4d5e6f'.padEnd(64, '0');
const groups: [text: string, engine: string | undefined][] = [
  [`0::/system.slice/docker-${id}.scope\n`, 'docker 1a2b3c4d5e6f'],
  [`12:memory:/docker/${id}\n11:cpu:/docker/${id}\n`, 'docker 1a2b3c4d5e6f'],
  [`0::/machine.slice/libpod-${id}.scope/container\n`, 'podman 1a2b3c4d5e6f'],
  [`0::/kubepods.slice/kubepods-pod1.slice/cri-containerd-${id}.scope\n`, 'kubernetes 1a2b3c4d5e6f'],
  ['0::/lxc.payload.mail/init.scope\n', 'lxc mail'],
  ['0::/user.slice/user-0.slice\n', undefined],
];
for (const [text, engine] of groups) {
  test(`${text.trim().slice(0, 40)}: ${engine ?? 'nobody’s container'}`, () => assert.equal(engineOf(text), engine));
}

test('a process that has ended has an empty name', () => {
  assert.deepEqual(processOf(2 ** 30), { pid: 2 ** 30, name: '' });
  assert.notEqual(processOf(process.pid).name, '');
});
