import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { type Daemon, Host } from '@fairlead/lab';
import { startFairlead } from '../lab/peer.ts';

/** A folder with an authority and certificates of its making, named as the docker command wants to find them. */
async function certificates(host: Host, name: string): Promise<string> {
  const folder = join(host.folder, name);
  mkdirSync(folder);
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
  const openssl = (...words: string[]) => host.exec('openssl', 'req', '-x509', ...key, ...words);
  const at = (file: string) => join(folder, file);
  await openssl('-subj', `/CN=${name} authority`, '-keyout', at('ca-key.pem'), '-out', at('ca.pem'));
  const signed = ['-CA', at('ca.pem'), '-CAkey', at('ca-key.pem')];
  const server = [
    '-subj',
    '/CN=host',
    '-addext',
    'subjectAltName=IP:127.0.0.1',
    '-addext',
    'extendedKeyUsage=serverAuth',
  ];
  await openssl(...signed, ...server, '-keyout', at('server-key.pem'), '-out', at('server-cert.pem'));
  const client = ['-subj', '/CN=client', '-addext', 'extendedKeyUsage=clientAuth'];
  await openssl(...signed, ...client, '-keyout', at('key.pem'), '-out', at('cert.pem'));
  return folder;
}

const overTls = (daemon: Daemon, folder: string, ...words: string[]) =>
  daemon.tryDocker(words, {
    env: { DOCKER_HOST: 'tcp://127.0.0.1:2376', DOCKER_TLS_VERIFY: '1', DOCKER_CERT_PATH: folder },
  });

test('over TCP only clients with a certificate of the authority are served', async () => {
  await using host = await Host.create();
  const own = await certificates(host, 'own');
  const files = [
    '--tlscacert',
    join(own, 'ca.pem'),
    '--tlscert',
    join(own, 'server-cert.pem'),
    '--tlskey',
    join(own, 'server-key.pem'),
  ];
  await using daemon = await startFairlead(host, ['-H', 'tcp://127.0.0.1:2376', '--tlsverify', ...files]);

  const friend = await overTls(daemon, own, 'version', '--format', '{{.Server.Platform.Name}}');
  assert.deepEqual(friend, { code: 0, stdout: 'Fairlead\n', stderr: '' });
  const stranger = await overTls(daemon, await certificates(host, 'other'), 'version');
  assert.notEqual(stranger.code, 0);
  const plain = await daemon.tryDocker(['ps'], { env: { DOCKER_HOST: 'tcp://127.0.0.1:2376' } });
  assert.notEqual(plain.code, 0);
});

test('without TLS the API is served to this machine alone', async () => {
  await using host = await Host.create();
  await assert.rejects(startFairlead(host, ['-H', 'tcp://0.0.0.0:2375']), /without TLS: anyone could become root here/);
  await using daemon = await startFairlead(host, ['-H', 'tcp://127.0.0.1:2375']);
  const { stdout } = await daemon.tryDocker(['ps', '-q'], { env: { DOCKER_HOST: 'tcp://127.0.0.1:2375' } });
  assert.equal(stdout, '');
});
