import assert from 'node:assert/strict';
import { test } from 'node:test';
import { linkEnvironment } from './link-environment.ts';

const linked = { alias: 'my-db', name: '/web/my-db', address: '172.17.0.2', ports: [], environment: [] };

test('a container is told of the ports that another one has, those that follow each other as a range too', () => {
  assert.deepEqual(linkEnvironment({ ...linked, ports: ['53/udp', '6380/tcp', '80/tcp', '6379/tcp'] }), [
    'MY_DB_PORT=tcp://172.17.0.2:80',
    'MY_DB_PORT_80_TCP=tcp://172.17.0.2:80',
    'MY_DB_PORT_80_TCP_ADDR=172.17.0.2',
    'MY_DB_PORT_80_TCP_PORT=80',
    'MY_DB_PORT_80_TCP_PROTO=tcp',
    'MY_DB_PORT_6379_TCP=tcp://172.17.0.2:6379',
    'MY_DB_PORT_6379_TCP_ADDR=172.17.0.2',
    'MY_DB_PORT_6379_TCP_PORT=6379',
    'MY_DB_PORT_6379_TCP_PROTO=tcp',
    'MY_DB_PORT_6380_TCP=tcp://172.17.0.2:6380',
    'MY_DB_PORT_6380_TCP_ADDR=172.17.0.2',
    'MY_DB_PORT_6380_TCP_PORT=6380',
    'MY_DB_PORT_6380_TCP_PROTO=tcp',
    'MY_DB_PORT_6379_TCP_START=tcp://172.17.0.2:6379',
    'MY_DB_PORT_6379_TCP_PORT_START=6379',
    'MY_DB_PORT_6379_TCP_END=tcp://172.17.0.2:6380',
    'MY_DB_PORT_6379_TCP_PORT_END=6380',
    'MY_DB_PORT_53_UDP=udp://172.17.0.2:53',
    'MY_DB_PORT_53_UDP_ADDR=172.17.0.2',
    'MY_DB_PORT_53_UDP_PORT=53',
    'MY_DB_PORT_53_UDP_PROTO=udp',
    'MY_DB_NAME=/web/my-db',
  ]);
});

test('variables of the other one come with its name before them, but for those that every image has', () => {
  const environment = ['PATH=/bin', 'HOME=/root', 'PASSWORD=a=b', 'BARE', 'HOMER=1'];
  assert.deepEqual(linkEnvironment({ ...linked, environment }), [
    'MY_DB_NAME=/web/my-db',
    'MY_DB_ENV_PASSWORD=a=b',
    'MY_DB_ENV_HOMER=1',
  ]);
});
