import assert from 'node:assert/strict';
import { test } from 'node:test';
import { allCapabilities, defaultCapabilities } from './capabilities.ts';
import type { OciSeccomp, OciSyscall } from './oci-types.ts';
import { defaultSeccomp, parseSeccompProfile } from './seccomp.ts';
import { syscallRules } from './seccomp-profile.ts';

const rulesFor = (profile: OciSeccomp, name: string): OciSyscall[] =>
  profile.syscalls.filter((rule) => rule.names.includes(name));
const allows = (profile: OciSeccomp, name: string): boolean =>
  rulesFor(profile, name).some((rule) => rule.action === 'SCMP_ACT_ALLOW' && !rule.args);

const usual = defaultSeccomp('amd64', defaultCapabilities);

const decisions: readonly [string, boolean, string][] = [
  ['read', true, 'everybody reads'],
  ['futex_waitv', true, 'a newer call of the same kind'],
  ['ptrace', true, 'allowed since Linux 4.8 checks it'],
  ['chroot', true, 'CAP_SYS_CHROOT is a default capability'],
  ['mount', false, 'needs CAP_SYS_ADMIN'],
  ['unshare', false, 'needs CAP_SYS_ADMIN'],
  ['bpf', false, 'needs CAP_BPF or CAP_SYS_ADMIN'],
  ['keyctl', false, 'the keyring knows no namespaces'],
  ['io_uring_setup', false, 'it goes around the filter'],
  ['kexec_load', false, 'replaces the kernel'],
  ['init_module', false, 'needs CAP_SYS_MODULE'],
  ['reboot', false, 'needs CAP_SYS_BOOT'],
];

for (const [name, allowed, reason] of decisions) {
  test(`${name} is ${allowed ? 'allowed' : 'refused'}: ${reason}`, () => {
    assert.equal(allows(usual, name), allowed);
  });
}

test('what no rule allows fails with EPERM', () => {
  assert.equal(usual.defaultAction, 'SCMP_ACT_ERRNO');
  assert.equal(usual.defaultErrnoRet, 1);
});

test('clone is confined to flags that make no namespace, and clone3 is not there', () => {
  assert.deepEqual(rulesFor(usual, 'clone')[0]?.args, [
    { index: 0, value: 0x7e020000, valueTwo: 0, op: 'SCMP_CMP_MASKED_EQ' },
  ]);
  assert.deepEqual(rulesFor(usual, 'clone3'), [{ names: ['clone3'], action: 'SCMP_ACT_ERRNO', errnoRet: 38 }]);
  const powerful = defaultSeccomp('amd64', allCapabilities);
  assert.ok(allows(powerful, 'clone') && allows(powerful, 'clone3') && allows(powerful, 'mount'));
});

test('each architecture has its own calls and sub-architectures', () => {
  const arm = defaultSeccomp('arm64', defaultCapabilities);
  assert.deepEqual(usual.architectures, ['SCMP_ARCH_X86_64', 'SCMP_ARCH_X86']);
  assert.deepEqual(arm.architectures, ['SCMP_ARCH_AARCH64', 'SCMP_ARCH_ARM']);
  assert.ok(allows(usual, 'arch_prctl') && !allows(usual, 'set_tls'));
  assert.ok(allows(arm, 'set_tls') && !allows(arm, 'arch_prctl'));
});

test('no call is listed twice in the plain list', () => {
  const names = syscallRules[0]?.names ?? [];
  assert.equal(new Set(names).size, names.length);
});

test('a profile file has its conditions decided', () => {
  const file = JSON.stringify({
    defaultAction: 'SCMP_ACT_ERRNO',
    archMap: [{ architecture: 'SCMP_ARCH_X86_64', subArchitectures: ['SCMP_ARCH_X86'] }],
    syscalls: [
      { names: ['read'], action: 'SCMP_ACT_ALLOW', args: [] },
      { name: 'write', action: 'SCMP_ACT_ALLOW' },
      { names: ['mount'], action: 'SCMP_ACT_ALLOW', includes: { caps: ['CAP_SYS_ADMIN'] } },
      { names: ['chroot'], action: 'SCMP_ACT_LOG', excludes: { caps: ['CAP_SYS_CHROOT'] } },
      { names: ['set_tls'], action: 'SCMP_ACT_ALLOW', includes: { arches: ['arm64'] } },
      { names: ['clone'], action: 'SCMP_ACT_ERRNO', errnoRet: 38, excludes: { arches: ['s390x'] } },
    ],
  });
  assert.deepEqual(parseSeccompProfile(file, 'amd64', defaultCapabilities), {
    defaultAction: 'SCMP_ACT_ERRNO',
    architectures: ['SCMP_ARCH_X86_64', 'SCMP_ARCH_X86'],
    syscalls: [
      { names: ['read'], action: 'SCMP_ACT_ALLOW' },
      { names: ['write'], action: 'SCMP_ACT_ALLOW' },
      { names: ['clone'], action: 'SCMP_ACT_ERRNO', errnoRet: 38 },
    ],
  });
});

test('what is no profile is refused', () => {
  for (const text of ['{', '[]', '"x"', 'null']) {
    assert.throws(() => parseSeccompProfile(text, 'amd64', []), { code: 'invalid-argument' }, text);
  }
});

test('a profile that says nothing is no filter', () => {
  assert.equal(parseSeccompProfile('{}', 'amd64', []), undefined);
});

test('what is said in the old way and in the new one is refused in Docker’s words', () => {
  const allow = { defaultAction: 'SCMP_ACT_ALLOW' };
  const architectures = { architectures: ['SCMP_ARCH_X86_64'], archMap: [{ architecture: 'SCMP_ARCH_X86_64' }] };
  const names = { syscalls: [{ name: 'mkdir', names: ['mkdir'], action: 'SCMP_ACT_ERRNO' }] };
  for (const [more, what] of [
    [architectures, ['architectures', 'archMap']],
    [names, ['name', 'names']],
  ] as const) {
    const [old, now] = what;
    assert.throws(() => parseSeccompProfile(JSON.stringify({ ...allow, ...more }), 'amd64', []), {
      message: `both '${old}' and '${now}' are specified in the seccomp profile, use either '${old}' or '${now}'`,
    });
  }
});
