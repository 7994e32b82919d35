import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseIpAddress, parseMacAddress } from '@fairlead/base';
import { announcementFrame } from './address-announcement.ts';

const mac = parseMacAddress('02:42:ac:11:00:02');

/** As tcpdump shows them. */
const frames: readonly (readonly [address: string, frame: string])[] = [
  ['172.17.0.2', 'ffffffffffff 0242ac110002 0806 0001 0800 06 04 0001 0242ac110002 ac110002 000000000000 ac110002'],
  [
    'fd00::2',
    '333300000001 0242ac110002 86dd 60000000 0020 3a ff fd000000000000000000000000000002 ff020000000000000000000000000001 8800 ae44 20000000 fd000000000000000000000000000002 0201 0242ac110002',
  ],
];

for (const [address, frame] of frames) {
  test(`${address} is announced by ${address.includes(':') ? 'a neighbour advertisement' : 'ARP'}`, () => {
    const bytes = announcementFrame(parseIpAddress(address), mac);
    assert.equal(Buffer.from(bytes).toString('hex'), frame.replaceAll(' ', ''));
  });
}
