import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type RequestedBuild, solveRequest } from './requested-build.ts';

const plain: RequestedBuild = {
  ...{ id: '', session: 's', remote: 'client-session', dockerfile: '', tags: [], arguments: {}, labels: {} },
  ...{ target: '', platform: '', noCache: false, cacheFrom: [], pull: false, networkMode: '', extraHosts: [] },
  ...{ cgroupParent: '', shmSize: 0, ulimits: [], outputs: [], signal: new AbortController().signal },
};
const asked = (build: Partial<RequestedBuild>, context?: string, hostGateway?: string) =>
  solveRequest({ ...plain, ...build }, { ref: 'r', context, hostGateway });
const attributes = (build: Partial<RequestedBuild>) => {
  const { 'image-resolve-mode': _, ...rest } = asked(build).frontendAttributes ?? {};
  return rest;
};

test('a build without options asks for an image of the engine’s, from the client’s files', () => {
  assert.deepEqual(asked({ tags: ['a:1', 'b'] }), {
    ref: 'r',
    frontend: 'dockerfile.v0',
    frontendAttributes: { 'image-resolve-mode': 'local' },
    session: 's',
    exporters: [{ type: 'moby', attributes: { name: 'a:1,b' } }],
    cache: { exports: [] },
    entitlements: [],
  });
  assert.equal(asked({}, 'http://127.0.0.1:1/x').frontendAttributes?.['context'], 'http://127.0.0.1:1/x');
});

test('what docker build can say is said to the frontend', () => {
  const cases: readonly [Partial<RequestedBuild>, Record<string, string>][] = [
    [
      { dockerfile: 'd/F', target: 't', platform: 'linux/arm64' },
      { filename: 'd/F', target: 't', platform: 'linux/arm64' },
    ],
    [{ dockerfile: '.' }, {}],
    [
      { arguments: { A: '1' }, labels: { l: 'v' } },
      { 'build-arg:A': '1', 'label:l': 'v' },
    ],
    [
      { noCache: true, cacheFrom: ['a', 'b:1'] },
      { 'no-cache': '', 'cache-from': 'a,b:1' },
    ],
    [{ networkMode: 'none' }, { 'force-network-mode': 'none' }],
    [{ networkMode: 'default' }, {}],
    [{ extraHosts: ['a:10.0.0.1', 'b:fd00::1'] }, { 'add-hosts': 'a=10.0.0.1,b=fd00::1' }],
    [
      { shmSize: 4096, cgroupParent: 'p' },
      { 'shm-size': '4096', 'cgroup-parent': 'p' },
    ],
    [
      {
        ulimits: [
          { name: 'nofile', soft: 1, hard: 2 },
          { name: 'core', soft: 0, hard: 0 },
        ],
      },
      { ulimit: 'nofile=1:2,core=0:0' },
    ],
  ];
  for (const [build, expected] of cases) assert.deepEqual(attributes(build), expected);
  assert.equal(asked({ pull: true }).frontendAttributes?.['image-resolve-mode'], 'pull');
  assert.deepEqual(asked({ networkMode: 'host' }).entitlements, ['network.host']);
  assert.deepEqual(asked({ arguments: { BUILDKIT_INLINE_CACHE: '1' } }).cache?.exports, [{ type: 'inline' }]);
  const gateway = asked({ extraHosts: ['h:host-gateway'] }, undefined, '172.17.0.1').frontendAttributes;
  assert.equal(gateway?.['add-hosts'], 'h=172.17.0.1');
});

test('an empty argument and an empty label are there all the same', () => {
  assert.deepEqual(attributes({ arguments: { A: '' }, labels: { l: '' } }), { 'build-arg:A': '', 'label:l': '' });
});

test('a result goes where it is to go', () => {
  const to = (type: string, values: Record<string, string> = {}) =>
    asked({ tags: ['a'], outputs: [{ type, attributes: values }] }).exporters;
  assert.deepEqual(to('local', { x: 'y' }), [{ type: 'local', attributes: { x: 'y' } }]);
  assert.deepEqual(to('image', { push: 'true' }), [{ type: 'moby', attributes: { push: 'true', name: 'a' } }]);
  assert.deepEqual(to('cacheonly'), []);
});

test('what cannot be is refused in Docker’s words', () => {
  const output = { type: 'tar', attributes: {} };
  for (const [build, message] of [
    [{ networkMode: 'mine' }, 'network mode "mine" not supported by buildkit'],
    [{ outputs: [output, output] }, 'multiple outputs not supported'],
    [{ extraHosts: ['nobody'] }, 'invalid host nobody'],
    [{ extraHosts: ['h:host-gateway'] }, 'unable to derive the IP value for host-gateway'],
  ] as const) {
    assert.throws(() => asked(build), { code: 'invalid-argument', message });
  }
});
