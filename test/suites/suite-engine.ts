import { type Daemon, Host } from '@fairlead/lab';
import { startDockerd, startFairlead } from '../lab/peer.ts';
import { Registry } from '../lab/registry.ts';
import type { SuiteImage } from './suite-images.ts';

/** The engines that every suite is run against. */
const suiteEngines = ['dockerd', 'fairlead'] as const;

/** One of {@link suiteEngines}. */
export type SuiteEngineName = (typeof suiteEngines)[number];

/** An engine in a throw-away host, with a registry that stands in for Docker Hub and the images loaded. */
export class SuiteEngine implements AsyncDisposable {
  readonly name: SuiteEngineName;
  readonly host: Host;
  readonly daemon: Daemon;
  /** Stands in for Docker Hub. */
  readonly registry: Registry;

  readonly #parts: AsyncDisposableStack;

  private constructor(name: SuiteEngineName, daemon: Daemon, registry: Registry, parts: AsyncDisposableStack) {
    this.name = name;
    this.host = daemon.host;
    this.daemon = daemon;
    this.registry = registry;
    this.#parts = parts;
  }

  /** Start it all; what was started is dismantled when a later step fails. */
  static async start(name: SuiteEngineName, images: readonly SuiteImage[]): Promise<SuiteEngine> {
    await using parts = new AsyncDisposableStack();
    // A name server that refuses at once: nobody shall wait for the Internet.
    const host = parts.use(await Host.create({ resolvConf: 'nameserver 127.0.0.1\n' }));
    const registry = await Registry.start(host);
    const flags = ['--registry-mirror', `http://${registry.address}`];
    const daemon = parts.use(await (name === 'fairlead' ? startFairlead(host, flags) : startDockerd(host, flags)));
    for (const image of images) await provide(daemon, registry, image);
    return new SuiteEngine(name, daemon, registry, parts.move());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#parts[Symbol.asyncDispose]();
  }
}

/** Load an image, and push it to where `library/` of Docker Hub is looked for. */
async function provide(daemon: Daemon, registry: Registry, image: SuiteImage): Promise<void> {
  await daemon.loadBusybox(image);
  const pushed = `${registry.address}/library/${image.reference}`;
  await daemon.docker('tag', image.reference, pushed);
  await daemon.docker('push', '-q', pushed);
  await daemon.docker('rmi', pushed);
}
