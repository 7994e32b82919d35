import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';

/** A text as it is stored: plain, or encrypted while the swarm locks itself. */
export type Sealed = { readonly plain: string } | { readonly sealed: string };

const CIPHER = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** What keys begin with that people write down (swarmkit, manager/encryption). */
const KEY_PREFIX = 'SWMKEY-1-';
const KEY_BYTES = 32;

/**
 * Keeps what nobody may read who only has the disk. Without a key it keeps it as it is.
 *
 * With one, what it seals is encrypted with AES-256-GCM; the key is in no file, so that a daemon which starts again needs
 * somebody who tells it.
 */
export class Vault {
  #key: string | undefined;

  constructor(key?: string) {
    this.#key = key;
  }

  /** What opens it, in the form that people write down; absent when nothing is locked. */
  get key(): string | undefined {
    return this.#key;
  }

  seal(text: string): Sealed {
    if (this.#key === undefined) return { plain: text };
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv(CIPHER, bytesOf(this.#key), nonce);
    const body = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
    return { sealed: Buffer.concat([nonce, cipher.getAuthTag(), body]).toString('base64') };
  }

  /** @throws Error when it was sealed with another key. */
  open(value: Sealed): string {
    if ('plain' in value) return value.plain;
    if (this.#key === undefined) throw new Error('no key is known');
    const bytes = Buffer.from(value.sealed, 'base64');
    const decipher = createDecipheriv(CIPHER, bytesOf(this.#key), bytes.subarray(0, NONCE_BYTES));
    decipher.setAuthTag(bytes.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES));
    const body = bytes.subarray(NONCE_BYTES + TAG_BYTES);
    return `${decipher.update(body, undefined, 'utf8')}${decipher.final('utf8')}`;
  }

  /** True when this vault's key opens it. */
  canOpen(value: Sealed): boolean {
    try {
      this.open(value);
      return true;
    } catch {
      return false;
    }
  }
}

/** A fresh key, as people write it down. */
export function newUnlockKey(): string {
  return `${KEY_PREFIX}${randomBytes(KEY_BYTES).toString('base64').replace(/=+$/, '')}`;
}

/** True for a text that can be a key. */
export function isUnlockKey(text: string): boolean {
  return text.startsWith(KEY_PREFIX) && Buffer.from(text.slice(KEY_PREFIX.length), 'base64').length === KEY_BYTES;
}

function bytesOf(key: string): Buffer {
  return createHash('sha256')
    .update(Buffer.from(key.slice(KEY_PREFIX.length), 'base64'))
    .digest();
}
