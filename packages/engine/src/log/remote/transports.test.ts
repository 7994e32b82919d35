import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { describe, test } from 'node:test';
import { setImmediate as endOfTurn } from 'node:timers/promises';
import { UdpTransport, UnixDatagramTransport } from './datagram-transport.ts';
import { StreamTransport } from './stream-transport.ts';

/** A receiver on the loopback. */
class Receiver implements AsyncDisposable {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #pieces: Buffer[] = [];
  #arrived = Promise.withResolvers<void>();

  private constructor() {
    this.#server = createServer((socket) => {
      this.#sockets.add(socket);
      socket.on('error', () => {});
      socket.on('data', (data: Buffer) => {
        this.#pieces.push(data);
        this.#arrived.resolve();
        this.#arrived = Promise.withResolvers();
      });
    });
  }

  static async listen(port = 0): Promise<Receiver> {
    const receiver = new Receiver();
    receiver.#server.listen(port, '127.0.0.1');
    await once(receiver.#server, 'listening');
    return receiver;
  }

  get port(): number {
    const address = this.#server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  async received(text: string): Promise<void> {
    while (!Buffer.concat(this.#pieces).toString().includes(text)) await this.#arrived.promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    const closed = once(this.#server, 'close');
    this.#server.close();
    await closed;
  }
}

const to = (port: number) => ({ protocol: 'tcp', host: '127.0.0.1', port }) as const;
const patient = { attempts: 1000, wait: 5, factor: 1 };

describe('transports', { timeout: 20_000 }, () => {
  test('a stream goes on when its receiver has come back', async () => {
    const first = await Receiver.listen();
    const { port } = first;
    const transport = new StreamTransport(to(port), patient);
    await transport.connect();
    await transport.send(Buffer.from('first'));
    await first.received('first');
    await first[Symbol.asyncDispose]();
    await using back = await Receiver.listen(port);
    let isHeard = false;
    const heard = back.received('second').then(() => {
      isHeard = true;
    });
    // What is written before the end of a connection is known is lost.
    while (!isHeard) {
      await transport.send(Buffer.from('second'));
      await endOfTurn();
    }
    await heard;
    await transport[Symbol.asyncDispose]();
  });

  test('who is not there is said in Go’s words, and waited for no longer than was asked', async () => {
    const { port } = await (async () => {
      await using gone = await Receiver.listen();
      return { port: gone.port };
    })();
    const message = `dial tcp 127.0.0.1:${port}: connect: connection refused`;
    await using transport = new StreamTransport(to(port), { attempts: 2, wait: 1, factor: 1 });
    await assert.rejects(transport.connect(), { message });
    await assert.rejects(async () => await transport.send(Buffer.from('x')), { message });
    const unix = new StreamTransport({ protocol: 'unix', path: '/nosuch' }, { attempts: 0, wait: 0, factor: 1 });
    await assert.rejects(unix.connect(), { message: 'dial unix /nosuch: connect: no such file or directory' });
  });

  test('who waits for a receiver is let go at the end', async () => {
    const { port } = await (async () => {
      await using gone = await Receiver.listen();
      return { port: gone.port };
    })();
    const transport = new StreamTransport(to(port), { attempts: Number.POSITIVE_INFINITY, wait: 3_600_000, factor: 1 });
    const sending = assert.rejects(async () => await transport.send(Buffer.from('x')));
    await endOfTurn();
    await transport[Symbol.asyncDispose]();
    await sending;
    await assert.rejects(async () => await transport.send(Buffer.from('late')));
  });

  test('datagrams reach who listens, and nobody is waited for who does not', async () => {
    const listener = createSocket('udp4');
    listener.bind(0, '127.0.0.1');
    await once(listener, 'listening');
    const { port } = listener.address();
    await using transport = new UdpTransport({ host: '127.0.0.1', port });
    const heard = once(listener, 'message');
    await transport.send(Buffer.from('hello'));
    assert.equal(String((await heard)[0]), 'hello');
    listener.close();
    for (let count = 0; count < 3; count++) await transport.send(Buffer.from('nobody'));
  });

  test('the first socket of the machine that is there is used, and a full one waited for', async () => {
    const sent: string[] = [];
    let refusals = 2;
    const open = (path: string) => {
      if (path !== '/there') throw Object.assign(new Error(path), { code: 'ENOENT' });
      return {
        send: (bytes: Uint8Array) => refusals-- <= 0 && sent.push(Buffer.from(bytes).toString()) > 0,
        [Symbol.dispose]: () => {},
      };
    };
    await using transport = new UnixDatagramTransport(['/nosuch', '/there'], open);
    await transport.send(Buffer.from('one'));
    assert.deepEqual(sent, ['one']);
    const message = 'dial unixgram /nosuch: connect: no such file or directory';
    await assert.rejects(new UnixDatagramTransport(['/nosuch'], open).connect(), { message });
  });
});
