/** Flags of mount(2) that options set (include/uapi/linux/mount.h). */
const MS_RDONLY = 1;
const MS_BIND = 0x1000;
const MS_REC = 0x4000;

/** What each option of mount(8) does to the flags. */
const setting: Readonly<Record<string, number>> = {
  ro: MS_RDONLY,
  nosuid: 2,
  nodev: 4,
  noexec: 8,
  sync: 0x10,
  remount: 0x20,
  mand: 0x40,
  dirsync: 0x80,
  noatime: 0x400,
  nodiratime: 0x800,
  bind: MS_BIND,
  rbind: MS_BIND | MS_REC,
  relatime: 0x200000,
  strictatime: 0x1000000,
};
const clearing: Readonly<Record<string, number>> = {
  rw: MS_RDONLY,
  suid: 2,
  dev: 4,
  exec: 8,
  async: 0x10,
  nomand: 0x40,
  atime: 0x400,
  diratime: 0x800,
  norelatime: 0x200000,
  nostrictatime: 0x1000000,
};
/** How mounts pass on between namespaces: set by a call of its own, after the mount is there. */
const propagating: Readonly<Record<string, number>> = {
  unbindable: 0x20000,
  runbindable: 0x20000 | MS_REC,
  private: 0x40000,
  rprivate: 0x40000 | MS_REC,
  slave: 0x80000,
  rslave: 0x80000 | MS_REC,
  shared: 0x100000,
  rshared: 0x100000 | MS_REC,
};

/** The options of a mount as mount(2) takes them. */
export interface MountOptions {
  readonly flags: number;
  /** Flags of a second call; 0 for none. */
  readonly propagation: number;
  /** What is no flag belongs to the file system. */
  readonly data: string;
}

/** Read options as mount(8) takes them after `-o`. Where they contradict each other the last one holds. */
export function parseMountOptions(text: string): MountOptions {
  let flags = 0;
  let propagation = 0;
  const data: string[] = [];
  for (const option of text.split(',')) {
    const [set, clear, pass] = [setting[option], clearing[option], propagating[option]];
    if (set !== undefined) flags |= set;
    else if (clear !== undefined) flags &= ~clear;
    else if (pass !== undefined) propagation |= pass;
    else if (option !== '' && option !== 'defaults') data.push(option);
  }
  return { flags, propagation, data: data.join(',') };
}

/** A bind takes its flags from its source: only a second mount makes it read-only (mount(2), MS_REMOUNT | MS_BIND). */
export function isReadOnlyBind(flags: number): boolean {
  return (flags & (MS_BIND | MS_RDONLY)) === (MS_BIND | MS_RDONLY);
}
