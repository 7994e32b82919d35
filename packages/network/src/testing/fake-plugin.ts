import { FairleadError } from '@fairlead/base';
import type { Change } from '@fairlead/netlink';
import { PluginSilence, type PluginWait, RemoteIpamDriver, RemoteNetworkDriver } from '@fairlead/plugins';
import type { PluginPort } from '../remote/plugin-port.ts';

type Body = Readonly<Record<string, string>>;

/** A plugin in memory, named `plug`, that keeps books of what it was told and makes real links. */
export class FakePlugin implements PluginPort {
  /** What it has by now: `network N`, `endpoint E`, `joined E`, `pool P`, `address A`. */
  readonly books = new Set<string>();
  /** Every method that it was asked, in order. */
  readonly calls: string[] = [];
  /** Said instead of what it would say, by method. */
  readonly answers = new Map<string, unknown>();
  /** Told of each request before it is answered. */
  heard: (method: string, body: Readonly<Record<string, unknown>>) => void = () => {};
  /** Nobody answers any more; its books are kept. */
  isGone = false;
  /** Comes after each request, before the answer; one that never ends is a plugin that hangs. */
  after: (method: string) => Promise<void> | undefined = () => undefined;
  readonly #apply: (changes: readonly Change[]) => Promise<void>;
  #lastHost = 1;

  constructor(apply: (changes: readonly Change[]) => Promise<void>) {
    this.#apply = apply;
  }

  nameOf(name: string): string {
    return name;
  }

  async networkDriver(name: string, { signal }: PluginWait = {}): Promise<RemoteNetworkDriver> {
    return new RemoteNetworkDriver(this.#caller(name, signal));
  }

  async ipamDriver(name: string, { signal }: PluginWait = {}): Promise<RemoteIpamDriver> {
    return new RemoteIpamDriver(this.#caller(name, signal));
  }

  #caller(name: string, signal: AbortSignal | undefined) {
    if (name !== 'plug') throw new FairleadError('not-found', `could not find plugin ${name} in v1 plugin registry`);
    return {
      call: async (method: string, body?: unknown) => {
        if (this.isGone) throw new PluginSilence('gone');
        const short = method.replace('NetworkDriver.', '').replace('IpamDriver.', '');
        this.calls.push(short);
        this.heard(short, isBody(body) ? body : {});
        const said = this.answers.get(short);
        const answer = said ?? (await this.#answer(short, isBody(body) ? body : {}));
        await Promise.race([this.after(short), givenUp(signal)]);
        if (this.isGone) throw new PluginSilence('EOF');
        return answer;
      },
    };
  }

  async #answer(method: string, body: Body): Promise<unknown> {
    const { NetworkID = '', EndpointID = '', PoolID = '', Address = '' } = body;
    const [outer, inner] = [`ph${EndpointID.slice(0, 8)}`, `pc${EndpointID.slice(0, 8)}`];
    switch (method) {
      case 'CreateNetwork':
        this.books.add(`network ${NetworkID}`);
        return {};
      case 'DeleteNetwork':
        this.books.delete(`network ${NetworkID}`);
        return {};
      case 'CreateEndpoint':
        this.books.add(`endpoint ${EndpointID}`);
        await this.#apply([{ action: 'add', object: pair(outer, inner) }]);
        return { Interface: { MacAddress: '02:99:00:00:00:01' } };
      case 'DeleteEndpoint':
        this.books.delete(`endpoint ${EndpointID}`);
        await this.#apply([{ action: 'remove', object: pair(outer, inner) }]);
        return {};
      case 'Join':
        this.books.add(`joined ${EndpointID}`);
        return { InterfaceName: { SrcName: inner, DstPrefix: 'net' } };
      case 'Leave':
        this.books.delete(`joined ${EndpointID}`);
        return {};
      case 'RequestPool':
        this.books.add('pool p');
        return { PoolID: 'p', Pool: '10.99.0.0/24' };
      case 'ReleasePool':
        this.books.delete(`pool ${PoolID}`);
        return {};
      case 'RequestAddress':
        return this.#give(Address || `10.99.0.${++this.#lastHost}`);
      case 'ReleaseAddress':
        this.books.delete(`address ${Address}`);
        return {};
      case 'GetCapabilities':
        return { Scope: 'local', RequiresRequestReplay: true };
      default:
        return {};
    }
  }

  #give(address: string) {
    this.books.add(`address ${address}`);
    return { Address: `${address}/24` };
  }
}

function isBody(body: unknown): body is Body {
  return typeof body === 'object' && body !== null;
}

function pair(outer: string, inner: string) {
  const peer = { namespace: '', name: inner };
  return { kind: 'link', namespace: '', name: outer, type: { kind: 'veth', peer }, up: true } as const;
}

/** Never resolves. @throws PluginSilence when nobody waits any more. */
async function givenUp(signal: AbortSignal | undefined): Promise<never> {
  const { promise, reject } = Promise.withResolvers<never>();
  signal?.addEventListener('abort', () => reject(new PluginSilence('context canceled')));
  return await promise;
}
