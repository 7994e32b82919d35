import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseIpAddress } from '@fairlead/base';
import { Rig } from '../testing/rig.ts';
import type { PortBinding } from './port-model.ts';

const P = 'com.docker.network.bridge.';
const web: PortBinding = { protocol: 'tcp', containerPort: 80, hostPorts: { first: 8080, last: 8080 } };
const [v4, v6] = [`${P}gateway_mode_ipv4`, `${P}gateway_mode_ipv6`];

const shown: readonly (readonly [
  options: Record<string, string>,
  ports: readonly PortBinding[],
  shown: readonly string[],
])[] = [
  [{}, [web], ['0.0.0.0 8080', ':: 8080']],
  [{ [v6]: 'routed' }, [web], ['0.0.0.0 8080', ':: 0']],
  [{ [v4]: 'routed', [v6]: 'routed' }, [web], ['0.0.0.0 0', ':: 0']],
  [{ [v4]: 'routed' }, [{ ...web, hostAddress: parseIpAddress('127.0.0.1') }], ['127.0.0.1 0']],
  [{ [v4]: 'routed' }, [{ ...web, hostAddress: parseIpAddress('::1') }], ['::1 8080']],
];
for (const [options, ports, expected] of shown) {
  test(`ports on a network with ${JSON.stringify(options)}: ${expected.join(', ')}`, async () => {
    using rig = await Rig.started();
    const network = await rig.controller.createNetwork({ name: 'app', ipv6: true, options });
    const sandbox = await rig.sandbox('web', { ports });
    await rig.join(sandbox, network);
    const bound = rig.controller
      .boundPorts(sandbox.id)
      .map(({ hostAddress, hostPort }) => `${hostAddress} ${hostPort}`);
    assert.deepEqual(bound.sort(), expected);
    rig.assertConsistent();
  });
}
