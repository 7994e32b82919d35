/** `running` → `Running`, as docker shows states. */
export function capitalized(text: string): string {
  const lower = text.toLowerCase();
  return `${lower.slice(0, 1).toUpperCase()}${lower.slice(1)}`;
}

/** A moment as docker shows it to people: `2026-01-02 03:04:05.67 +0000 utc`. @param text RFC 3339, in UTC. */
export function momentForPeople(text: string): string {
  return `${text.replace('T', ' ').replace(/Z$/, '')} +0000 utc`;
}

/** Seconds since the epoch of a moment in RFC 3339. */
export function secondsOf(text: string): number {
  return Date.parse(text) / 1000;
}

/** Order names so that `web.10` comes after `web.9`: runs of digits are numbers. */
export function naturally(left: string, right: string): number {
  return order.compare(left, right);
}

const order = new Intl.Collator('en', { numeric: true });

/** Labels as lists show them. */
export function labelText(labels: Readonly<Record<string, string>> | null | undefined): string {
  return Object.entries(labels ?? {})
    .map(([key, value]) => `${key}=${value}`)
    .sort()
    .join(',');
}

/** Lines of labels or the like below a heading, each written by `line`; none when there are none. */
export function entryLines(
  heading: string,
  entries: Readonly<Record<string, string>> | null | undefined,
  line: (key: string, value: string) => string = (key, value) => ` - ${value === '' ? key : `${key}=${value}`}`,
): string[] {
  const all = Object.entries(entries ?? {}).sort(([left], [right]) => (left < right ? -1 : 1));
  return all.length === 0 ? [] : [heading, ...all.map(([key, value]) => line(key, value))];
}
