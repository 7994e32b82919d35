/** A moment of the API as Go prints one: `2026-01-02T03:04:05.6Z` is `2026-01-02 03:04:05.6 +0000 UTC`. */
export function momentText(moment: string): string {
  return moment.replace(/^([-\d]+)T([:.\d]+)Z$/, '$1 $2 +0000 UTC');
}

/** Seconds since the epoch as Go prints a moment, in the zone of who reads it: `2026-01-02 04:04:05 +0100 CET`. */
export function localMomentText(seconds: number): string {
  const moment = new Date(seconds * 1000);
  const offset = -moment.getTimezoneOffset();
  const wall = new Date(moment.getTime() + offset * 60_000).toISOString().slice(0, 19).replace('T', ' ');
  const pair = (minutes: number) => String(Math.trunc(minutes)).padStart(2, '0');
  const shift = `${offset < 0 ? '-' : '+'}${pair(Math.abs(offset) / 60)}${pair(Math.abs(offset) % 60)}`;
  return `${wall} ${shift} ${zoneName(moment) ?? shift}`;
}

/** `CET`; `undefined` for zones that have no letters of their own. */
function zoneName(moment: Date): string | undefined {
  const parts = new Intl.DateTimeFormat('en', { timeZoneName: 'short' }).formatToParts(moment);
  const name = parts.find(({ type }) => type === 'timeZoneName')?.value;
  return name !== undefined && /^[A-Z]{3,5}$/.test(name) ? name : undefined;
}
