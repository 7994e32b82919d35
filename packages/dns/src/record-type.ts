/** Numbers of the record types that we read and write (IANA "DNS Parameters"); any other type is passed on as bytes. */
export const recordType = {
  A: 1,
  NS: 2,
  CNAME: 5,
  SOA: 6,
  PTR: 12,
  MX: 15,
  TXT: 16,
  AAAA: 28,
  SRV: 33,
  OPT: 41,
} as const;

/** Name of a record type that we know. */
export type RecordTypeName = keyof typeof recordType;

/** Asks for whatever there is of a name (`ANY`, RFC 8482); no record has it. */
export const questionOfAnyType = 255;

/** The Internet class; no other is in use. */
export const classInternet = 1;

/** Response codes (RFC 1035, section 4.1.1). */
export const responseCode = {
  noError: 0,
  formatError: 1,
  serverFailure: 2,
  nameError: 3,
  notImplemented: 4,
  refused: 5,
} as const;
