import { FairleadError, type Logger, silentLogger } from '@fairlead/base';
import type { Change } from '@fairlead/netlink';
import type { Store } from '@fairlead/store';
import { NetworkController } from '../controller.ts';
import type { ControllerContext } from '../controller-context.ts';
import { tableSettings } from '../settings.ts';
import { NetworkState } from '../state.ts';
import { RehearsedNames } from './rehearsed-names.ts';
import { type Stage, StagedKernel } from './staged-kernel.ts';

/** A network model that can be asked for anything and changes nothing. */
export interface NetworkRehearsal extends Disposable {
  readonly network: NetworkController;
  /** The copy that it works on. */
  readonly store: Store;
  /** What was found on the way that is no obstacle, in words. */
  readonly warnings: readonly string[];
  /** Changes of elements in the host's tables so far; to be shown to the machine's kernel, which has the last word. */
  readonly elements: readonly Change[];
}

/**
 * The model that `context` makes, on a copy of what is stored, with the same code: what it does to the kernel it does on a
 * stage, where what it stands on is made first. Ports are tried, not held; neither plugins nor LANs are
 * asked.
 */
export function rehearseNetwork(context: ControllerContext, stage: Stage): NetworkRehearsal {
  const store = context.store.scratch();
  const state = new NetworkState(store, { ...tableSettings(context.settings), protected: false });
  const kernel = new StagedKernel(context.kernel, stage, state.desired());
  const names = new RehearsedNames(context.names, (id) => state.sandboxes.get(id));
  const warnings: string[] = [];
  const warn: Logger['warn'] = (message, details = {}) =>
    void warnings.push([message, ...Object.values(details)].join(': '));
  const { onRepair: _, onClaim: __, ...rest } = context;
  const network = new NetworkController({
    ...{ ...rest, store, kernel, names, emit: () => {} },
    logger: { ...silentLogger, warn },
    ...(context.plugins && { plugins: { ...context.plugins, plugins: refusePlugins } }),
    ...(context.lan && { lan: refuseLans }),
  });
  const dispose = () => store[Symbol.dispose]();
  return { network, store, warnings, elements: kernel.elements, [Symbol.dispose]: dispose };
}

async function refusePlugins(): Promise<never> {
  throw new FairleadError('not-implemented', 'a dry run does not ask plugins, which may do what they are asked for');
}

async function refuseLans(): Promise<never> {
  throw new FairleadError('not-implemented', 'a dry run does not ask a LAN for addresses, which would give them');
}
