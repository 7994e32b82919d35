import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SolveRequest, SolveResponse } from './gen/control.ts';
import { builtImage, intoContainerd, namedById } from './solve-exchange.ts';

const request = (exporters: { type: string; attributes: Record<string, string> }[]) =>
  SolveRequest.fromPartial({ ref: 'r', frontend: 'dockerfile.v0', exporters });
const attributes = { 'dangling-name-prefix': 'fairlead.build/nameless', 'danging-name-empty-only': 'true' };

test('what is to be the engine’s becomes an image with whole names; what is not stays', () => {
  const moby = (name: string) => ({ type: 'moby', attributes: { name, 'oci-mediatypes': 'true' } });
  for (const [name, whole] of [
    ['app', 'docker.io/library/app:latest'],
    ['app,docker.io/library/app:latest, me/b:2', 'docker.io/library/app:latest,docker.io/me/b:2'],
    ['localhost:5000/x', 'localhost:5000/x:latest'],
    ['', ''],
  ] as const) {
    const local = { type: 'local', attributes: { dest: 'out' } };
    assert.deepEqual(
      intoContainerd(request([moby(name), local])),
      request([{ type: 'image', attributes: { name: whole, 'oci-mediatypes': 'true', ...attributes } }, local]),
      name,
    );
  }
  assert.equal(intoContainerd(request([{ type: 'image', attributes: { name: 'app' } }])), undefined);
  assert.equal(intoContainerd(request([])), undefined);
});

test('a client of before there were several outputs is understood, too', () => {
  const old = SolveRequest.fromPartial({ exporter: 'moby', exporterAttributes: { name: 'app' } });
  const expected = { name: 'docker.io/library/app:latest', ...attributes };
  const { exporter, exporterAttributes } = intoContainerd(old) ?? {};
  assert.deepEqual([exporter, exporterAttributes], ['image', expected]);
});

test('names that are none are refused in the words of Docker', () => {
  const named = (name: string) => () => intoContainerd(request([{ type: 'moby', attributes: { name } }]));
  assert.throws(named('A'), { code: 'invalid-argument', message: /must be lowercase/ });
  assert.throws(named(`a@sha256:${'0'.repeat(64)}`), { message: 'build tag cannot contain a digest' });
});

test('what is said of a build in fields that nobody knows here goes on', () => {
  // Field 99 of the request and field 98 of its output, the texts `x` and `y`.
  const known = Buffer.from('9a060178' + '6a0a' + '0a046d6f6279' + '92060179', 'hex');
  const asked = intoContainerd(SolveRequest.decode(known));
  assert.ok(asked);
  const sent = Buffer.from(SolveRequest.encode(asked).finish()).toString('hex');
  assert.match(sent, /9a060178/);
  assert.match(sent, /92060179/);
  assert.equal(asked.exporters[0]?.type, 'image');
});

const descriptor = { mediaType: 'application/vnd.oci.image.index.v1+json', digest: 'sha256:1', size: 7 };
const response = (names: string) =>
  SolveResponse.fromPartial({
    exporterResponse: {
      'containerimage.descriptor': Buffer.from(JSON.stringify({ ...descriptor, annotations: {} })).toString('base64'),
      'containerimage.digest': 'sha256:1',
      'image.name': names,
    },
  });

test('an image that was made is read from the answer', () => {
  const nameless = 'fairlead.build/nameless@sha256:1';
  const asked = request([{ type: 'image', attributes: {} }]);
  assert.deepEqual(builtImage(asked, response('docker.io/a:1,docker.io/b:2')), {
    descriptor,
    names: ['docker.io/a:1', 'docker.io/b:2'],
    wasPushed: false,
  });
  const bare = { descriptor, names: [], wasPushed: false, record: nameless };
  assert.deepEqual(builtImage(asked, response(nameless)), bare);
  assert.equal(builtImage(asked, SolveResponse.fromPartial({})), undefined);
});

test('a client hears the ID by which the engine knows the image, and the digest of one that was pushed', () => {
  const told = (push: string) => {
    const answer = response('docker.io/a:1');
    const image = builtImage(request([{ type: 'image', attributes: { push } }]), answer);
    assert.ok(image !== undefined);
    return namedById(answer, 'sha256:id', image).exporterResponse;
  };
  assert.equal(told('false')['containerimage.digest'], 'sha256:id');
  assert.equal(told('true')['containerimage.digest'], 'sha256:1');
  assert.equal(told('true')['containerimage.config.digest'], 'sha256:id');
});
