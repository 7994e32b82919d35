import assert from 'node:assert/strict';
import { test } from 'node:test';
import { meshPortText } from './mesh-port-text.ts';
import { servicePorts } from './service-port.ts';

test('a range of ports is one port for each', () => {
  assert.deepEqual(
    servicePorts('8000-8001:80-81/udp').map((port) => [port.Protocol, port.PublishedPort, port.TargetPort]),
    [
      ['udp', 8000, 80],
      ['udp', 8001, 81],
    ],
  );
});

const shown: readonly [published: readonly string[], text: string][] = [
  [['80:80', '81:81', '82:80'], '*:80-81->80-81/tcp, *:82->80/tcp'],
  [['80:80', '81:80', '9:9/udp'], '*:80-81->80/tcp, *:9->9/udp'],
  [['published=80,target=80,mode=host'], ''],
  [['90:80', '92:81'], '*:90->80/tcp, *:92->81/tcp'],
];

for (const [published, text] of shown) {
  test(`${published.join(', ')} is listed as '${text}'`, () =>
    assert.equal(meshPortText(published.flatMap(servicePorts)), text));
}
