import { FairleadError } from './errors.ts';

declare const macAddressBrand: unique symbol;

/** A 48-bit hardware address in lower-case colon form: `02:42:ac:11:00:02`. */
export type MacAddress = string & { readonly [macAddressBrand]: true };

/**
 * Parse colon or dash form.
 *
 * @throws FairleadError `invalid-argument` when `text` is no 48-bit MAC address.
 */
export function parseMacAddress(text: string): MacAddress {
  const canonical = text.toLowerCase().replaceAll('-', ':');
  if (!/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/.test(canonical)) {
    throw new FairleadError('invalid-argument', `invalid MAC address: ${text}`);
  }
  return canonical as MacAddress;
}

/** The six bytes of an address. */
export function macToBytes(mac: MacAddress): Uint8Array {
  return Uint8Array.from(mac.split(':'), (part) => Number.parseInt(part, 16));
}

/** The address held in six bytes. */
export function macFromBytes(bytes: Uint8Array): MacAddress {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(':') as MacAddress;
}

/** A unicast, locally administered address (IEEE 802 bits: I/G 0, U/L 1) made from six random bytes. */
export function localMacAddress(random: Uint8Array): MacAddress {
  const bytes = Uint8Array.from(random.subarray(0, 6));
  bytes[0] = ((bytes[0] ?? 0) & 0xfc) | 0x02;
  return macFromBytes(bytes);
}
