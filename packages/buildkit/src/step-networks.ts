import { once } from 'node:events';
import { chmodSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { messageOf } from '@fairlead/base';

/** What a step has of a network. */
export interface StepInterface {
  readonly name: string;
  readonly mac: string;
  /** With their lengths, `172.17.0.2/16`. */
  readonly addresses: readonly string[];
}

/** Gives steps of builds their networks. */
export interface StepNetworkPort {
  /** Let a network namespace of the engine's stand at a path. @param id of the step's network, not used before. */
  attach(id: string, path: string): Promise<StepInterface>;
  /** Take it away again; one that is not known is no error. */
  detach(id: string, path: string): Promise<void>;
}

/** What the plugin of this package asks, as one line of JSON (CNI specification, "Parameters"). */
interface StepRequest {
  readonly command: string;
  readonly id: string;
  readonly path: string;
}

/** Where buildkitd's network plugin finds the engine. */
export class StepNetworks implements AsyncDisposable {
  readonly #server: Server;
  readonly #port: StepNetworkPort;

  private constructor(port: StepNetworkPort) {
    this.#port = port;
    this.#server = createServer({ allowHalfOpen: true }, (socket) => void this.#serve(socket));
  }

  /** @param path of the socket; only root may connect. */
  static async listen(path: string, port: StepNetworkPort): Promise<StepNetworks> {
    const networks = new StepNetworks(port);
    rmSync(path, { force: true });
    networks.#server.listen(path);
    await once(networks.#server, 'listening');
    // A connection that could not be accepted is its client's loss alone; a fault that nobody hears ends the daemon.
    networks.#server.on('error', () => {});
    chmodSync(path, 0o600);
    return networks;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await new Promise((closed) => this.#server.close(closed));
  }

  async #serve(socket: Socket): Promise<void> {
    socket.on('error', () => {});
    try {
      let text = '';
      // Left open at its end: the answer goes the other way.
      for await (const chunk of socket.setEncoding('utf8').iterator({ destroyOnReturn: false })) text += chunk;
      socket.end(JSON.stringify(await this.#answer(JSON.parse(text))));
    } catch (error) {
      socket.end(JSON.stringify({ cniVersion, code: ownError, msg: messageOf(error) }));
    }
  }

  async #answer({ command, id, path }: StepRequest): Promise<unknown> {
    if (command === 'DEL') await this.#port.detach(id, path);
    if (command !== 'ADD') return {};
    const { name, mac, addresses } = await this.#port.attach(id, path);
    const ips = addresses.map((address) => ({ version: address.includes(':') ? '6' : '4', address, interface: 0 }));
    return { cniVersion, interfaces: [{ name, mac, sandbox: path }], ips };
  }
}

const cniVersion = '0.4.0';
/** Codes from 100 on are a plugin's own (CNI specification, "Error"). */
const ownError = 100;
