import assert from 'node:assert/strict';
import { test } from 'node:test';
import { portText } from './port-text.ts';

test('published ports come before exposed ones, both families beside each other', () => {
  assert.equal(
    portText([
      { PrivatePort: 443, Type: 'tcp' },
      { IP: '::', PrivatePort: 80, PublicPort: 8080, Type: 'tcp' },
      { IP: '0.0.0.0', PrivatePort: 80, PublicPort: 8080, Type: 'tcp' },
    ]),
    '0.0.0.0:8080->80/tcp, [::]:8080->80/tcp, 443/tcp',
  );
});

test('neighbours are a range', () => {
  const ports = [0, 1, 2].map((step) => ({
    IP: '0.0.0.0',
    PrivatePort: 80 + step,
    PublicPort: 8000 + step,
    Type: 'tcp',
  }));
  assert.equal(portText(ports), '0.0.0.0:8000-8002->80-82/tcp');
  assert.equal(
    portText([
      { PrivatePort: 1, Type: 'udp' },
      { PrivatePort: 2, Type: 'udp' },
    ]),
    '1-2/udp',
  );
});
