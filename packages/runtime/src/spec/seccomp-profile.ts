import type { OciSyscallArgument } from './oci-types.ts';

/**
 * Docker's default seccomp profile as facts: which system calls a container may make, and on what condition. Whatever
 * is not listed fails with EPERM (docs.docker.com/engine/security/seccomp; runtime names unknown to the local
 * libseccomp are skipped by the runtime).
 */
export type SyscallRule = {
  readonly names: readonly string[];
  /** Allowed unless told otherwise; else the error that the call fails with. */
  readonly errno?: number;
  /** All of these must hold. */
  readonly args?: readonly OciSyscallArgument[];
  /** Only on these architectures. */
  readonly architectures?: readonly Architecture[];
  /** Only with this capability. */
  readonly capability?: string;
  /** Only without this capability. */
  readonly withoutCapability?: string;
};

/** Architectures that Fairlead runs on, by Docker's names. */
export type Architecture = 'amd64' | 'arm64';

/**
 * What a 64-bit kernel of each architecture runs, in libseccomp's names, its own first. Docker lists x32 too: without
 * it a call of that kind ends the program. Distributions build or boot their kernels without x32, nothing is made for
 * it, and building its part of the filter takes an eighth of the time of creating a container.
 */
export const seccompArchitectures: Readonly<Record<Architecture, readonly string[]>> = {
  amd64: ['SCMP_ARCH_X86_64', 'SCMP_ARCH_X86'],
  arm64: ['SCMP_ARCH_AARCH64', 'SCMP_ARCH_ARM'],
};

/** errno values (asm-generic/errno-base.h, errno.h). */
const EPERM = 1;
const ENOSYS = 38;

/** What a call that no rule allows fails with. */
export const seccompDefaultErrno: number = EPERM;

/** All flags of clone(2) that make a namespace; with any of them the call needs CAP_SYS_ADMIN. */
const CLONE_NAMESPACES = 0x7e020000;

/** Address family of sockets between virtual machine and host: namespaces do not confine it. */
const AF_VSOCK = 40;

/** Always allowed, by subject. */
const plain: readonly string[] = [
  // Extended attributes.
  'fgetxattr flistxattr fremovexattr fsetxattr getxattr getxattrat lgetxattr listxattr listxattrat llistxattr',
  'lremovexattr lsetxattr removexattr removexattrat setxattr setxattrat',
  // Sockets.
  'accept accept4 bind connect getpeername getsockname getsockopt listen recv recvfrom recvmmsg recvmmsg_time64',
  'recvmsg send sendmmsg sendmsg sendto setsockopt shutdown socketcall socketpair',
  // Signals.
  'alarm kill pause pidfd_send_signal rt_sigaction rt_sigpending rt_sigprocmask rt_sigqueueinfo rt_sigreturn',
  'rt_sigsuspend rt_sigtimedwait rt_sigtimedwait_time64 rt_tgsigqueueinfo sigaltstack signalfd signalfd4',
  'sigprocmask sigreturn tgkill tkill',
  // Clocks and timers.
  'adjtimex clock_adjtime clock_adjtime64 clock_getres clock_getres_time64 clock_gettime clock_gettime64',
  'clock_nanosleep clock_nanosleep_time64 getitimer gettimeofday nanosleep setitimer time timer_create',
  'timer_delete timer_getoverrun timer_gettime timer_gettime64 timer_settime timer_settime64 timerfd_create',
  'timerfd_gettime timerfd_gettime64 timerfd_settime timerfd_settime64 times',
  // System V and POSIX inter-process communication.
  'ipc mq_getsetattr mq_notify mq_open mq_timedreceive mq_timedreceive_time64 mq_timedsend mq_timedsend_time64',
  'mq_unlink msgctl msgget msgrcv msgsnd semctl semget semop semtimedop semtimedop_time64 shmat shmctl shmdt',
  'shmget',
  // Polling and events.
  'epoll_create epoll_create1 epoll_ctl epoll_ctl_old epoll_pwait epoll_pwait2 epoll_wait epoll_wait_old',
  'eventfd eventfd2 fanotify_mark inotify_add_watch inotify_init inotify_init1 inotify_rm_watch _newselect poll',
  'ppoll ppoll_time64 pselect6 pselect6_time64 select',
  // Asynchronous I/O. Not io_uring: it goes around this filter.
  'io_cancel io_destroy io_getevents io_pgetevents io_pgetevents_time64 io_setup io_submit',
  // Memory.
  'brk cachestat madvise map_shadow_stack membarrier memfd_create memfd_secret mincore mlock mlock2 mlockall',
  'mmap mmap2 mprotect mremap mseal msync munlock munlockall munmap pkey_alloc pkey_free pkey_mprotect',
  'process_mrelease remap_file_pages',
  // Users, groups and privileges.
  'capget capset getegid getegid32 geteuid geteuid32 getgid getgid32 getgroups getgroups32 getresgid',
  'getresgid32 getresuid getresuid32 getuid getuid32 landlock_add_rule landlock_create_ruleset',
  'landlock_restrict_self prctl seccomp setfsgid setfsgid32 setfsuid setfsuid32 setgid setgid32 setgroups',
  'setgroups32 setregid setregid32 setresgid setresgid32 setresuid setresuid32 setreuid setreuid32 setuid',
  'setuid32',
  // Scheduling and limits.
  'getcpu getpriority getrlimit getrusage ioprio_get ioprio_set prlimit64 sched_get_priority_max',
  'sched_get_priority_min sched_getaffinity sched_getattr sched_getparam sched_getscheduler',
  'sched_rr_get_interval sched_rr_get_interval_time64 sched_setaffinity sched_setattr sched_setparam',
  'sched_setscheduler sched_yield setpriority setrlimit ugetrlimit',
  // Processes and threads.
  'execve execveat exit exit_group fork futex futex_requeue futex_time64 futex_wait futex_waitv futex_wake',
  'get_robust_list get_thread_area getpgid getpgrp getpid getppid getrandom getsid gettid pidfd_open',
  'process_vm_readv process_vm_writev ptrace restart_syscall rseq set_robust_list set_thread_area',
  'set_tid_address setpgid setsid sysinfo uname uretprobe vfork wait4 waitid waitpid',
  // Files and directories.
  'access chdir chmod chown chown32 close close_range copy_file_range creat dup dup2 dup3 faccessat faccessat2',
  'fadvise64 fadvise64_64 fallocate fchdir fchmod fchmodat fchmodat2 fchown fchown32 fchownat fcntl fcntl64',
  'fdatasync flock fstat fstat64 fstatat64 fstatfs fstatfs64 fsync ftruncate ftruncate64 futimesat getcwd',
  'getdents getdents64 ioctl lchown lchown32 link linkat _llseek lseek lstat lstat64 mkdir mkdirat mknod',
  'mknodat name_to_handle_at newfstatat open openat openat2 pipe pipe2 pread64 preadv preadv2 pwrite64 pwritev',
  'pwritev2 read readahead readlink readlinkat readv rename renameat renameat2 rmdir sendfile sendfile64 splice',
  'stat stat64 statfs statfs64 statx symlink symlinkat sync sync_file_range syncfs tee truncate truncate64',
  'umask unlink unlinkat utime utimensat utimensat_time64 utimes vmsplice write writev',
];

/** Values of personality(2) that only change how a program sees itself: Linux, UNAME26 and 32-bit, and the query. */
const harmlessPersonalities = [0x0, 0x8, 0x20000, 0x20008, 0xffffffff];

/** What each capability adds. */
const byCapability: Readonly<Record<string, string>> = {
  CAP_DAC_READ_SEARCH: 'open_by_handle_at',
  CAP_SYS_ADMIN:
    'bpf clone clone3 fanotify_init fsconfig fsmount fsopen fspick lookup_dcookie lsm_get_self_attr lsm_list_modules ' +
    'lsm_set_self_attr listmount mount mount_setattr move_mount open_tree perf_event_open quotactl quotactl_fd ' +
    'setdomainname sethostname setns statmount syslog umount umount2 unshare',
  CAP_SYS_BOOT: 'reboot',
  CAP_SYS_CHROOT: 'chroot',
  CAP_SYS_MODULE: 'delete_module finit_module init_module',
  CAP_SYS_PACCT: 'acct',
  CAP_SYS_PTRACE: 'kcmp pidfd_getfd process_madvise process_vm_readv process_vm_writev ptrace',
  CAP_SYS_RAWIO: 'ioperm iopl',
  CAP_SYS_TIME: 'clock_settime clock_settime64 settimeofday stime',
  CAP_SYS_TTY_CONFIG: 'vhangup',
  CAP_SYS_NICE: 'get_mempolicy mbind set_mempolicy set_mempolicy_home_node',
  CAP_SYSLOG: 'syslog',
  CAP_BPF: 'bpf',
  CAP_PERFMON: 'perf_event_open',
};

/** The profile, rule by rule. */
export const syscallRules: readonly SyscallRule[] = [
  { names: words(...plain) },
  { names: ['socket'], args: [{ index: 0, value: AF_VSOCK, op: 'SCMP_CMP_NE' }] },
  ...harmlessPersonalities.map((value) => ({
    names: ['personality'],
    args: [{ index: 0, value, op: 'SCMP_CMP_EQ' }],
  })),
  { names: ['arch_prctl', 'modify_ldt'], architectures: ['amd64'] },
  {
    names: words('arm_fadvise64_64 arm_sync_file_range breakpoint cacheflush set_tls sync_file_range2'),
    architectures: ['arm64'],
  },
  {
    names: ['clone'],
    args: [{ index: 0, value: CLONE_NAMESPACES, valueTwo: 0, op: 'SCMP_CMP_MASKED_EQ' }],
    withoutCapability: 'CAP_SYS_ADMIN',
  },
  // Its flags are behind a pointer, which a filter cannot follow. "Not there" makes libc fall back to clone.
  { names: ['clone3'], errno: ENOSYS, withoutCapability: 'CAP_SYS_ADMIN' },
  ...Object.entries(byCapability).map(([capability, names]) => ({ names: words(names), capability })),
];

function words(...lines: string[]): string[] {
  return lines.flatMap((line) => line.split(' '));
}
