import { decodeLoss, decodeRulesLoss, type Loss, lossGroups, netfilterGroup } from '@fairlead/netlink';
import { listenToNetlink } from './netlink-listener.ts';

/**
 * Hear of what the namespace that this thread is in loses, by whose hand ever.
 *
 * @param rules also of what goes from nftables: elements that come and go, of which there are many, are heard then as well.
 */
export function watchLosses(handler: (loss: Loss) => void, rules: boolean): Disposable {
  const parts = new DisposableStack();
  const handOn = (loss: Loss | undefined): void => {
    if (loss !== undefined) handler(loss);
  };
  parts.use(listenToNetlink('route', lossGroups, (message) => handOn(decodeLoss(message))));
  if (rules)
    parts.use(listenToNetlink('netfilter', [netfilterGroup.nftables], (message) => handOn(decodeRulesLoss(message))));
  return parts;
}
