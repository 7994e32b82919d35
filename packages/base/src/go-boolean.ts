/** What Go's strconv.ParseBool reads; `undefined` for what is neither true nor false. */
export function parseGoBoolean(text: string): boolean | undefined {
  if (/^(1|t|T|true|TRUE|True)$/.test(text)) return true;
  return /^(0|f|F|false|FALSE|False)$/.test(text) ? false : undefined;
}

/** What Go says of a text that {@link parseGoBoolean} does not read. */
export function goBooleanError(text: string): string {
  return `strconv.ParseBool: parsing ${JSON.stringify(text)}: invalid syntax`;
}
