import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Host } from '@fairlead/lab';
import { whenListening } from '../e2e/web-server.ts';
import { startFairlead } from '../lab/peer.ts';
import { compose } from './compose.ts';

/** Compose, 1.29 or 2 as the release has it, with an application of three services on two networks. */

const application = `
version: "2.4"
services:
  web:
    image: busybox
    command: httpd -f -h /var/www
    ports: ["18080:80"]
    networks:
      front: { aliases: [www], ipv4_address: 10.77.0.10, ipv6_address: "fd00:77::10" }
      back: {}
    depends_on: [db]
    volumes: ["./data:/data:ro", "store:/store", "/anonymous"]
    stop_grace_period: 1s
  db:
    image: busybox
    command: sh -c "trap 'exit 0' TERM; echo db up; while :; do sleep 0.1; done"
    networks: { back: { aliases: [database] } }
    stop_grace_period: 1s
  side:
    image: busybox
    command: sh -c "trap 'exit 0' TERM; while :; do sleep 0.1; done"
    network_mode: service:web
    depends_on: [web]
    stop_grace_period: 1s
volumes:
  store: {}
networks:
  front:
    enable_ipv6: true
    ipam: { config: [{ subnet: 10.77.0.0/24 }, { subnet: "fd00:77::/64" }] }
  back: { internal: true }
`;

const built = `
version: "2.4"
services:
  site:
    build: { context: ./site, dockerfile: Own.Dockerfile, args: { BY: compose }, target: final, labels: [made=here] }
    image: app/site
    ports: ["18081:80"]
    stop_grace_period: 1s
`;

const dockerfile = `FROM busybox AS base
ARG BY=nobody
RUN mkdir /www && echo $BY >/www/by
FROM base AS final
COPY . /www/
HEALTHCHECK CMD wget -qO- localhost
CMD ["httpd", "-f", "-h", "/www"]
FROM base AS never
RUN false
`;

test('an application goes up, finds itself, is scaled, recreated and taken down', async () => {
  await using host = await Host.create();
  await using daemon = await startFairlead(host);
  await daemon.loadBusybox({ files: { '/var/www/index.html': 'it works\n' } });
  const folder = join(host.folder, 'application');
  mkdirSync(join(folder, 'data'), { recursive: true });
  writeFileSync(join(folder, 'docker-compose.yml'), application);
  writeFileSync(join(folder, 'data/note'), 'bound\n');
  const run = (...words: string[]) => compose(daemon, folder, ...words);
  const inside = (service: string, ...command: string[]) => daemon.docker('exec', `app_${service}_1`, ...command);

  await run('up', '-d');
  await whenListening(daemon, 'app_web_1');
  const page = ['wget', '-qO-'];
  assert.equal(await inside('db', ...page, 'http://web/index.html'), 'it works\n');
  assert.equal(await inside('side', ...page, 'http://localhost/index.html'), 'it works\n');
  await inside('web', 'ping', '-c1', '-W2', 'database');
  assert.match(await inside('web', 'ip', '-o', 'addr'), /10\.77\.0\.10\/24[\s\S]*fd00:77::10\/64/);
  assert.equal(await inside('web', 'cat', '/data/note'), 'bound\n');
  await inside('web', 'touch', '/store/file');
  assert.equal(await host.exec('curl', '-s', 'http://127.0.0.1:18080/index.html'), 'it works\n');
  // The back network is internal, and nothing else is there.
  await assert.rejects(inside('db', 'ping', '-c1', '-W1', host.addresses.outside.ipv4));

  await run('up', '-d', '--scale', 'db=2');
  assert.match(await run('logs', '--no-color', 'db'), /db_2 +\| db up/);
  assert.match(await run('exec', '-T', 'web', 'echo', 'from compose'), /^from compose$/m);
  // Not web: its successor would want its static address while it still has it (docs/compatibility.md).
  await run('up', '-d', '--scale', 'db=1', '--force-recreate', '--no-deps', 'db');
  assert.equal(await inside('db', ...page, 'http://web/index.html'), 'it works\n');

  await run('down', '-t', '1');
  assert.equal(await daemon.docker('ps', '-aq'), '');
  assert.equal(await daemon.docker('volume', 'ls', '-q', '--filter', 'name=app'), 'app_store\n');
  await run('down', '-v');
  assert.equal(await daemon.docker('volume', 'ls', '-q', '--filter', 'name=app'), '');
  assert.equal(await daemon.docker('network', 'ls', '-q', '--filter', 'type=custom'), '');
});

test('Compose builds what a service has no image for, and finds it again', async () => {
  await using host = await Host.create();
  await using daemon = await startFairlead(host);
  await daemon.loadBusybox();
  const folder = join(host.folder, 'application');
  mkdirSync(join(folder, 'site'), { recursive: true });
  writeFileSync(join(folder, 'docker-compose.yml'), built);
  writeFileSync(join(folder, 'site/Own.Dockerfile'), dockerfile);
  writeFileSync(join(folder, 'site/.dockerignore'), 'secret\n');
  for (const name of ['index.html', 'secret']) writeFileSync(join(folder, 'site', name), `${name}\n`);
  const run = (...words: string[]) => compose(daemon, folder, ...words);

  await run('up', '-d', '--build');
  const page = 'http://127.0.0.1:18081/index.html';
  const { stdout } = await host.run(['curl', '-s', '--retry', '50', '--retry-connrefused', '--retry-delay', '0', page]);
  assert.equal(stdout, 'index.html\n');
  assert.equal(
    await daemon.docker('exec', 'app_site_1', 'ls', '-A', '/www'),
    '.dockerignore\nOwn.Dockerfile\nby\nindex.html\n',
  );
  assert.equal(await daemon.docker('exec', 'app_site_1', 'cat', '/www/by'), 'compose\n');
  const id = () => daemon.docker('inspect', '-f', '{{.Id}}', 'app/site');
  const before = await id();
  await run('build');
  assert.equal(await id(), before, 'every step was in the cache');
  await run('build', '--no-cache');
  assert.notEqual(await id(), before);
  await run('down', '--rmi', 'all', '-t', '1');
  assert.equal((await daemon.tryDocker(['inspect', 'app/site'])).code, 1);
});
