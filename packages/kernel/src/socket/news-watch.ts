import { type Message, netfilterGroup } from '@fairlead/netlink';
import {
  decodeNews,
  decodeRulesNews,
  lostEntriesOnly,
  type News,
  neighborGroup,
  newsGroups,
} from '@fairlead/netlink/news';
import { listenToNetlink } from './netlink-listener.ts';

/**
 * Hear of what the namespace that this thread is in loses, and of routes that come, by whose hand ever; and when the kernel
 * could not keep all of it for us.
 *
 * @param rules also of what goes from nftables: elements that come and go, of which there are many, are heard then as well.
 */
export function watchNews(handler: (news: News) => void, rules: boolean): Disposable {
  const parts = new DisposableStack();
  const handOn = (news: News | undefined): void => {
    if (news !== undefined) handler(news);
  };
  const hear = (message: Message): void => handOn(decodeNews(message));
  const hearOfRules = (message: Message): void => handOn(decodeRulesNews(message));
  const onLoss = (): void => handler({ kind: 'unheard' });
  parts.use(listenToNetlink('route', newsGroups, hear, onLoss));
  parts.use(listenToNetlink('route', [neighborGroup], hear, onLoss, lostEntriesOnly));
  if (rules) parts.use(listenToNetlink('netfilter', [netfilterGroup.nftables], hearOfRules, onLoss));
  return parts;
}
