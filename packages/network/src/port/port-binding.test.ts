import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatPortSpec, parseIpAddress, parsePortSpec, sizeOfRange } from '@fairlead/base';
import { bindingWithin, containerPortsOf, joinBindings, partitionByOverlap, singleBindings } from './port-binding.ts';
import type { PortBinding } from './port-model.ts';

function binding(text: string): PortBinding {
  const { containerPorts, ...rest } = parsePortSpec(text);
  const count = sizeOfRange(containerPorts);
  return { ...rest, containerPort: containerPorts.first, ...(count > 1 && { count }) };
}

const textOf = (each: PortBinding) => formatPortSpec({ ...each, containerPorts: containerPortsOf(each) });

const joins: readonly (readonly [parts: readonly string[], joined: readonly string[]])[] = [
  [['8000:80', '8001:81', '8002:82'], ['8000-8002:80-82']],
  [['80', '81'], ['80-81']],
  [
    ['80', '82'],
    ['80', '82'],
  ],
  [
    ['80', '80', '81'],
    ['80', '80-81'],
  ],
  [
    ['8000:80', '8002:81'],
    ['8000:80', '8002:81'],
  ],
  [
    ['8000:80', '81'],
    ['8000:80', '81'],
  ],
  [
    ['8000:80', '8001:81/udp'],
    ['8000:80', '8001:81/udp'],
  ],
  [
    ['8000-8009:80', '8010:81'],
    ['8000-8009:80', '8010:81'],
  ],
  [
    ['127.0.0.1:80:80', '80:80', '127.0.0.1:81:81', '81:81'],
    ['127.0.0.1:80-81:80-81', '80-81:80-81'],
  ],
  [['8000-8009:80-89', '8010-8011:90-91', '8012:92'], ['8000-8012:80-92']],
];
for (const [parts, joined] of joins) {
  test(`${parts.join(' ')} is the same as ${joined.join(' ')}`, () => {
    assert.deepEqual(joinBindings(parts.map(binding)), joined.map(binding));
    const ports = (texts: readonly string[]) => texts.map(binding).flatMap(singleBindings).map(textOf).sort();
    assert.deepEqual(ports(joined), ports(parts));
  });
}

test('what is for others is not joined', () => {
  const policy = { sources: [] };
  const [one, two, three] = ['8000:80', '8001:81', '8002:82'].map(binding);
  assert.ok(one && two && three);
  const mixed = [one, { ...two, policy }, { ...three, policy }];
  assert.deepEqual(joinBindings(mixed), [one, { ...binding('8001-8002:81-82'), policy }]);
});

test('a part of a binding keeps its host ports in step, and everything else', () => {
  const whole = { ...binding('8000-8009:80-89'), hostAddress: parseIpAddress('127.0.0.1') };
  assert.deepEqual(containerPortsOf(whole), { first: 80, last: 89 });
  assert.deepEqual(bindingWithin(whole, { first: 85, last: 99 }), [binding('127.0.0.1:8005-8009:85-89')]);
  assert.deepEqual(bindingWithin(whole, { first: 82, last: 82 }), [binding('127.0.0.1:8002:82')]);
  assert.deepEqual(bindingWithin(whole, { first: 90, last: 99 }), []);
  assert.deepEqual(bindingWithin(binding('8000-8009:80'), { first: 80, last: 80 }), [binding('8000-8009:80')]);
});

test('those that share a port are told from those that do not', () => {
  const place = (text: string) => {
    const { protocol, containerPorts: ports } = parsePortSpec(text);
    return { protocol, ports };
  };
  const { alone, overlapping } = partitionByOverlap(['5', '1-9', '20-29', '29', '5/udp', '30', '8-12', '11'], place);
  assert.deepEqual(alone, ['5/udp', '30']);
  assert.deepEqual(overlapping, ['5', '1-9', '20-29', '29', '8-12', '11']);
});
