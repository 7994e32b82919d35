declare global {
  interface JSON {
    /** ECMAScript's proposal "JSON.parse source text access", which V8 has since Chrome 114. */
    rawJSON(text: string): object;
  }
}

/** A whole number of any size as JSON has it; a `number` would lose digits above 2^53. */
export function jsonInteger(value: bigint): object {
  return JSON.rawJSON(String(value));
}
