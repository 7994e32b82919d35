/** Where the credentials of an account of Windows are: one of these. */
export interface CredentialSpec {
  readonly Config?: string;
  readonly File?: string;
  readonly Registry?: string;
}

/** Read a `--credential-spec`: `config://NAME`, `file://PATH`, `registry://KEY`; empty for none. @throws Error */
export function credentialSpec(text: string): CredentialSpec {
  if (text === '') return {};
  const [, scheme, value] = /^(config|file|registry):\/\/(.*)$/s.exec(text) ?? [];
  if (scheme === 'config') return { Config: value ?? '' };
  if (scheme === 'file') return { File: value ?? '' };
  if (scheme === 'registry') return { Registry: value ?? '' };
  throw new Error('invalid credential spec: value must be prefixed with "config://", "file://", or "registry://"');
}
