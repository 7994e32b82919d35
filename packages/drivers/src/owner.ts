/** What a link that we made says of itself in its alias (`ip link` shows it). */
const MARK = 'fairlead';

/** Kinds of things that own links. */
export type OwnerKind = 'network' | 'endpoint';

/** Alias of a link that belongs to a network or an endpoint. */
export function ownerAlias(kind: OwnerKind, id: string): string {
  return `${MARK} ${kind} ${id.slice(0, 12)}`;
}

/** True when a link's alias says that we made it. */
export function isOwnAlias(alias: string | undefined): boolean {
  return alias?.startsWith(`${MARK} `) ?? false;
}
