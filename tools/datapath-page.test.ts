import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pageNames, renamed, stable } from './datapath-page.ts';

const names = pageNames(
  {
    objects: [],
    cables: [
      { outer: 'veth00112233445', namespace: 'fl-web', inner: 'eth0' },
      { outer: 'veth66778899aab', namespace: 'fl-web', inner: 'eth1' },
    ],
  },
  new Map([['0123456789abcdef', 'app']]),
);

test('bridges are called by their networks and cables by their containers, in columns of the same width', () => {
  assert.equal(
    renamed('  2 ● host  veth00112233445 in    x\ndev br-0123456789ab, veth66778899aab and vethffffffffffff', names),
    '  2 ● host  veth-web        in    x\ndev br-app, veth-web-eth1 and vethffffffffffff',
  );
});

test('the other links of a network are called by it, too', () => {
  const text = 'hl-0123456789ab b1-0123456789ab t1-0123456789ab u1-0123456789ab b1-ba9876543210';
  assert.equal(renamed(text, names), 'hl-app b1-app t1-app u1-app b1-ba9876543210');
});

test('two traces are the same but for times, chosen ports, and numbers of processes and rules', () => {
  const trace = (time: string, port: number, pid: number) => `  0  name db is 10.9.1.3  (by 127.0.0.11, ${time}.7 ms)
  1 ● web   eth0            out${time.padStart(8)} µs  10.9.1.2:${port} → 10.9.1.3:80 SYN
              fairlead: inet fairlead published4 #${pid}  dnat ip to @publish4  ⇒ accept
  2 ● host  veth-web        ✕ ${time.padStart(10)} µs  10.9.1.2:${port} → 10.9.1.3:80 SYN  NO_SOCKET in tcp_v${pid}_rcv
     answer: back in web by eth0 after ${time} µs
✓ delivered to httpd (pid ${pid}) in db, answered SYN-ACK  (${time} ms)
`;
  assert.equal(stable(trace('7', 47_743, 4)), stable(trace('1200', 50_001, 1999)));
  assert.match(
    stable(trace('7', 47_743, 4)),
    /^ {2}1 ● web {3}eth0 {12}out {3}10\.9\.1\.2:PORT → 10\.9\.1\.3:80 SYN$/m,
  );
});

test('what a page is about is not taken for something that changes', () => {
  const text = 'element inet fairlead publish4 { tcp . 8080 : 10.9.1.2 . 80 }\naddress fd00:9::2/64 dev eth0\n';
  assert.equal(stable(text), text);
  assert.equal(renamed(text, names), text);
});
