import { spawnSync } from 'node:child_process';
import { dirname } from 'node:path';
import { namespacePath } from '@fairlead/kernel';

/** A network of the CNI plugins bridge and portmap, called as a container runtime calls them (CNI 1.0.0). */
export class AttachCni {
  readonly #bridge: string;
  readonly #portmap: string;
  readonly #folder: string;

  /**
   * @param bridge path of the bridge plugin, beside host-local.
   * @param portmap path of the portmap plugin.
   * @param folder where host-local may keep its leases.
   */
  constructor(bridge: string, portmap: string, folder: string) {
    this.#bridge = bridge;
    this.#portmap = portmap;
    this.#folder = folder;
  }

  /** Attach a namespace with one published port and detach it: milliseconds of each. */
  measure(namespace: string): { attach: number; detach: number } {
    const start = performance.now();
    const result = this.#call('ADD', namespace, this.#bridge, this.#bridgeConfig());
    this.#call('ADD', namespace, this.#portmap, portmapConfig(result));
    const attached = performance.now();
    this.#call('DEL', namespace, this.#portmap, portmapConfig(result));
    this.#call('DEL', namespace, this.#bridge, { ...this.#bridgeConfig(), prevResult: result });
    return { attach: attached - start, detach: performance.now() - attached };
  }

  #bridgeConfig() {
    return {
      ...common,
      type: 'bridge',
      bridge: 'cni0',
      isGateway: true,
      ipMasq: true,
      ipam: {
        type: 'host-local',
        dataDir: this.#folder,
        ranges: [[{ subnet: '172.31.0.0/16' }]],
        routes: [{ dst: '0.0.0.0/0' }],
      },
    };
  }

  #call(command: string, namespace: string, plugin: string, config: unknown): unknown {
    const { status, stdout } = spawnSync(plugin, {
      input: JSON.stringify(config),
      encoding: 'utf8',
      env: {
        PATH: process.env['PATH'],
        CNI_COMMAND: command,
        CNI_CONTAINERID: namespace,
        CNI_NETNS: namespacePath(namespace),
        CNI_IFNAME: 'eth0',
        CNI_PATH: dirname(plugin),
      },
    });
    if (status !== 0) throw new Error(`${plugin} ${command}: ${stdout}`);
    return stdout === '' ? undefined : JSON.parse(stdout);
  }
}

const common = { cniVersion: '1.0.0', name: 'bench' } as const;

function portmapConfig(prevResult: unknown) {
  return {
    ...common,
    type: 'portmap',
    capabilities: { portMappings: true },
    runtimeConfig: { portMappings: [{ hostPort: 8081, containerPort: 80, protocol: 'tcp' }] },
    prevResult,
  };
}
