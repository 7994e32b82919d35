import { errnoName } from '@fairlead/netlink/errno';
import koffi from 'koffi';
import { SystemCallError } from './system-call-error.ts';
import { WorkerQueue } from './worker-queue.ts';

/**
 * The system calls of the project, through the C library. The only file that knows the foreign-function library.
 *
 * Buffers are handed over as they are, without a copy: a call that keeps a pointer beyond its return must not be added
 * here. All calls throw {@link SystemCallError} instead of returning -1.
 */

/** glibc first, then musl under the names that Alpine gives it. */
const libraryNames = ['libc.so.6', 'libc.musl-x86_64.so.1', 'libc.musl-aarch64.so.1'];

function loadLibrary() {
  const failures: unknown[] = [];
  for (const name of libraryNames) {
    try {
      return koffi.load(name);
    } catch (error) {
      failures.push(error);
    }
  }
  throw new AggregateError(failures, `no C library found: tried ${libraryNames.join(', ')}`);
}

const library = loadLibrary();

/** As many as keep libuv's threads busy, of which there are four; the library takes 256 at a time, and memory for each. */
const workers = new WorkerQueue(32);

/** A function of the C library that reports failure as a negative result. */
type NativeCall<Arguments extends unknown[]> = (...parameters: Arguments) => number;
/** The same on a worker thread. */
type NativeAsyncCall<Arguments extends unknown[]> = (
  ...parameters: [...Arguments, done: (error: unknown, result: number) => void]
) => void;

/** Declares a call from its C prototype and turns its negative results into errors. */
function declare<Arguments extends unknown[]>(prototype: string): NativeCall<Arguments> {
  const native: NativeCall<Arguments> = library.func(prototype);
  const name = nameIn(prototype);
  return (...parameters) => {
    const result = native(...parameters);
    if (result < 0) throw new SystemCallError(name, errnoName(koffi.errno()));
    return result;
  };
}

/**
 * Declares a call that runs on a worker thread, for what may wait in the kernel. The result is the call's own: errno
 * belongs to the other thread and cannot be read here.
 */
function declareAsync<Arguments extends unknown[]>(prototype: string): (...parameters: Arguments) => Promise<number> {
  const native: NativeAsyncCall<Arguments> = library.func(prototype).async;
  return (...parameters) => workers.run((done) => native(...parameters, done));
}

function nameIn(prototype: string): string {
  return /(\w+)\(/.exec(prototype)?.[1] ?? prototype;
}

/** setns(2): move this thread into the namespace behind a descriptor. */
export const setns = declare<[descriptor: number, kind: number]>('int setns(int, int)');
/** unshare(2): give this thread a namespace of its own. */
export const unshare = declare<[flags: number]>('int unshare(int)');
/** socket(2). */
export const socket = declare<[domain: number, type: number, protocol: number]>('int socket(int, int, int)');
/** bind(2); the address is a sockaddr. */
export const bind = declare<[descriptor: number, address: Uint8Array, length: number]>(
  'int bind(int, const void *, unsigned int)',
);
/** connect(2). */
export const connect = declare<[descriptor: number, address: Uint8Array, length: number]>(
  'int connect(int, const void *, unsigned int)',
);
/** listen(2). */
export const listen = declare<[descriptor: number, backlog: number]>('int listen(int, int)');
/** send(2): the number of bytes sent. */
export const send = declare<[descriptor: number, bytes: Uint8Array, length: number, flags: number]>(
  'long send(int, const void *, size_t, int)',
);
/** recv(2): the number of bytes received; with MSG_TRUNC the number that there were. */
export const recv = declare<[descriptor: number, bytes: Uint8Array, length: number, flags: number]>(
  'long recv(int, void *, size_t, int)',
);
/** recvfrom(2): the number of bytes received; `addressLength` holds a 32-bit count, in and out. */
export const recvfrom = declare<
  [descriptor: number, bytes: Uint8Array, length: number, flags: number, address: Uint8Array, addressLength: Uint8Array]
>('long recvfrom(int, void *, size_t, int, void *, void *)');
/** setsockopt(2). */
export const setsockopt = declare<
  [descriptor: number, level: number, option: number, value: Uint8Array, length: number]
>('int setsockopt(int, int, int, const void *, unsigned int)');
/** getsockname(2); `length` holds a 32-bit count, in and out. */
export const getsockname = declare<[descriptor: number, address: Uint8Array, length: Uint8Array]>(
  'int getsockname(int, void *, void *)',
);
/** close(2). */
export const close = declare<[descriptor: number]>('int close(int)');
/** flock(2). */
export const flock = declare<[descriptor: number, operation: number]>('int flock(int, int)');
/** mount(2) with data that is text, as every file system but the oldest takes it. */
export const mount = declare<[source: string, target: string, type: string | null, flags: number, data: string | null]>(
  'int mount(const char *, const char *, const char *, unsigned long, const char *)',
);
/** umount2(2). */
export const umount2 = declare<[target: string, flags: number]>('int umount2(const char *, int)');
/** mknod(2); the device number is packed as glibc's makedev does. Paths of files end with a zero byte. */
export const mknod = declare<[path: Uint8Array, mode: number, device: bigint]>(
  'int mknod(const void *, unsigned int, uint64_t)',
);
/** llistxattr(2): the length of all names, each with its zero byte. */
export const llistxattr = declare<[path: Uint8Array, names: Uint8Array, size: number]>(
  'long llistxattr(const void *, void *, size_t)',
);
/** lgetxattr(2): the length of the value. */
export const lgetxattr = declare<[path: Uint8Array, name: string, value: Uint8Array, size: number]>(
  'long lgetxattr(const void *, const char *, void *, size_t)',
);
/** setxattr(2). */
export const setxattr = declare<[path: Uint8Array, name: string, value: Uint8Array, size: number, flags: number]>(
  'int setxattr(const void *, const char *, const void *, size_t, int)',
);
/** openat2(2), through syscall(2): the C libraries have no function for it. `how` is a struct open_how. */
export const openat2 = declare<[number: number, directory: number, path: Uint8Array, how: Uint8Array, size: number]>(
  'long syscall(long, int, const void *, const void *, size_t)',
);
/** open_tree(2), through syscall(2). */
export const openTree = declare<[number: number, directory: number, path: string, flags: number]>(
  'long syscall(long, int, const char *, unsigned int)',
);
/** fsopen(2), through syscall(2). */
export const fsopen = declare<[number: number, type: string, flags: number]>(
  'long syscall(long, const char *, unsigned int)',
);
/** fsconfig(2), through syscall(2), for the commands that take neither key nor value. */
export const fsconfig = declare<
  [number: number, context: number, command: number, key: null, value: null, aux: number]
>('long syscall(long, int, unsigned int, const char *, const void *, int)');
/** fsmount(2), through syscall(2). */
export const fsmount = declare<[number: number, context: number, flags: number, attributes: number]>(
  'long syscall(long, int, unsigned int, unsigned int)',
);
/** mkfifo(3). */
export const mkfifo = declare<[path: string, mode: number]>('int mkfifo(const char *, unsigned int)');
/** pipe2(2) into two 32-bit descriptors. */
export const pipe2 = declare<[descriptors: Uint8Array, flags: number]>('int pipe2(void *, int)');
/** splice(2) between descriptors without an offset: the number of bytes moved. */
export const splice = declare<
  [from: number, fromOffset: null, to: number, toOffset: null, length: number, flags: number]
>('long splice(int, void *, int, void *, size_t, unsigned int)');
/** tee(2): the number of bytes that both pipes have then. */
export const tee = declare<[from: number, to: number, length: number, flags: number]>(
  'long tee(int, int, size_t, unsigned int)',
);
/** fcntl(2) for the commands that take a number. */
export const fcntl = declare<[descriptor: number, command: number, value: number]>('int fcntl(int, int, long)');

/** mount_setattr(2), through syscall(2); `attributes` is a struct mount_attr. */
export const mountSetAttributes = declare<
  [number: number, directory: number, path: string, flags: number, attributes: Uint8Array, size: number]
>('long syscall(long, int, const char *, unsigned int, const void *, size_t)');
/** move_mount(2), through syscall(2). */
export const moveMount = declare<
  [number: number, from: number, fromPath: string, to: number, toPath: string, flags: number]
>('long syscall(long, int, const char *, int, const char *, unsigned int)');
/** ioctl(2) for the requests that take a number. */
export const ioctl = declare<[descriptor: number, request: number, value: number]>(
  'int ioctl(int, unsigned long, long)',
);
/** waitpid(2), for processes that Node knows nothing of. */
export const waitpid = declare<[pid: number, status: null, options: number]>('int waitpid(int, void *, int)');

/** Bytes; sleep(3) needs a few hundred. */
const SLEEPER_STACK = 65_536;
const CLONE_VM = 0x100;
let sleeper: ((flags: number, seconds: number) => number) | undefined;

/**
 * clone(2) of a process that does nothing but sleep(3) in namespaces of its own: for a process with several threads cannot
 * enter a user namespace itself. It shares this one's memory, which makes it cheap, and its entry is a function of the C
 * library, so that no JavaScript runs in it. It is to be killed and waited for (`__WALL`, for its end signals nothing) before
 * there is another one, and ends by itself when this process is killed first.
 *
 * @param seconds after which it ends.
 * @returns its process id.
 */
export function cloneSleeper(flags: number, seconds: number): number {
  sleeper ??= makeSleeper();
  const pid = sleeper(flags | CLONE_VM, seconds);
  if (pid < 0) throw new SystemCallError('clone', errnoName(koffi.errno()));
  return pid;
}

/** Declared with its first use: before glibc 2.34 dlsym(3) was in a library of its own. */
function makeSleeper(): (flags: number, seconds: number) => number {
  const clone: (entry: bigint, stack: bigint, flags: number, argument: number) => number = library.func(
    'int clone(void *, void *, int, size_t)',
  );
  const dlsym: (place: null, name: string) => bigint = library.func('void *dlsym(void *, const char *)');
  const [entry, stack] = [dlsym(null, 'sleep'), sleeperStack()];
  return (flags, seconds) => clone(entry, stack, flags, seconds);
}

/** Its upper end: stacks grow downwards. */
function sleeperStack(): bigint {
  const base = nativeMmap(null, SLEEPER_STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return koffi.address(base) + BigInt(SLEEPER_STACK);
}

/** close(2) on a worker thread: closing a netfilter socket after a deletion waits for RCU (nf_tables_api.c). */
export const closeAsync = declareAsync<[descriptor: number]>('int close(int)');
/** send(2) on a worker thread: a netlink request is carried out inside the sender's call. */
export const sendAsync = declareAsync<[descriptor: number, bytes: Uint8Array, length: number, flags: number]>(
  'long send(int, const void *, size_t, int)',
);
/** recvmmsg(2) into `count` elements of struct mmsghdr, without a timeout: the number of datagrams. */
export const recvmmsg = declare<[descriptor: number, headers: Uint8Array, count: number, flags: number, timeout: null]>(
  'int recvmmsg(int, void *, unsigned int, int, void *)',
);
/** sendmmsg(2) of `count` elements of struct mmsghdr: the number of datagrams sent. */
export const sendmmsg = declare<[descriptor: number, headers: Uint8Array, count: number, flags: number]>(
  'int sendmmsg(int, void *, unsigned int, int)',
);
/** sendto(2): the number of bytes sent. */
export const sendto = declare<
  [descriptor: number, bytes: Uint8Array, length: number, flags: number, address: Uint8Array, addressLength: number]
>('long sendto(int, const void *, size_t, int, const void *, unsigned int)');

/** getsockopt(2); `length` holds a 32-bit count, in and out. */
export const getsockopt = declare<
  [descriptor: number, level: number, option: number, value: Uint8Array, length: Uint8Array]
>('int getsockopt(int, int, int, void *, void *)');
/** bpf(2), through syscall(2): the C libraries have no function for it. `attributes` is a union bpf_attr. */
export const bpf = declare<[number: number, command: number, attributes: Uint8Array, size: number]>(
  'long syscall(long, int, void *, unsigned int)',
);

/** madvise(2) of whole pages; the address is one of `/proc/self/maps`. */
export const madvise = declare<[address: bigint, length: number, advice: number]>('int madvise(void *, size_t, int)');

let trim: ((kept: number) => number) | undefined;

/**
 * malloc_trim(3): give the kernel the pages of the C library's heap that nothing is on. Other C libraries than glibc have no
 * such function, and nothing is done there.
 */
export function trimHeap(): void {
  trim ??= declareTrim();
  trim(0);
}

function declareTrim(): (kept: number) => number {
  try {
    return library.func('int malloc_trim(size_t)');
  } catch {
    return () => 0;
  }
}

const nativeMmap: (
  address: null,
  length: number,
  protection: number,
  flags: number,
  descriptor: number,
  offset: number,
) => unknown = library.func('void *mmap(void *, size_t, int, int, int, long)');
const nativeMunmap: (address: unknown, length: number) => number = library.func('int munmap(void *, size_t)');
const PROT_READ = 1;
const PROT_WRITE = 2;
const MAP_SHARED = 1;
const MAP_PRIVATE = 2;
const MAP_ANONYMOUS = 0x20;
const MAP_FAILED = 2n ** 64n - 1n;

/** Memory that is shared with the kernel. Nothing may look into it once it is disposed of. */
export interface SharedMemory extends Disposable {
  readonly bytes: ArrayBuffer;
}

/** mmap(2) of a descriptor, shared with whoever else has it. */
export function mapMemory(
  descriptor: number,
  place: { readonly offset: number; readonly length: number; readonly writable: boolean },
): SharedMemory {
  const protection = place.writable ? PROT_READ | PROT_WRITE : PROT_READ;
  const address = nativeMmap(null, place.length, protection, MAP_SHARED, descriptor, place.offset);
  if (koffi.address(address) === MAP_FAILED) throw new SystemCallError('mmap', errnoName(koffi.errno()));
  const bytes = koffi.view(address, place.length);
  let mapped = true;
  return {
    bytes,
    [Symbol.dispose]() {
      if (mapped) nativeMunmap(address, place.length);
      mapped = false;
    },
  };
}

/** Where a buffer lies, for structures that point to it; valid for as long as the caller keeps the buffer. */
export function addressOfBuffer(buffer: Uint8Array): bigint {
  // V8 keeps small arrays on its heap, where they move; asking for the ArrayBuffer gives them a place for good.
  return koffi.address(new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length));
}

/**
 * Call `work` on the event loop whenever a descriptor can be read, until disposed; the descriptor is not closed. What it
 * throws is a rejection that nobody handles: the program decides what becomes of it, as of any other fault.
 */
export function whenReadable(descriptor: number, work: () => void): Disposable {
  const interest = { readable: true };
  let open = true;
  const ready = (status: unknown) => {
    try {
      work();
    } catch (error) {
      // Thrown from here it would end the process, whatever that does about faults: one packet could end an engine.
      void Promise.reject(error);
    }
    // libuv stops at an error of the socket (uv__poll_io), an ICMP message for example, which `work` has read by now.
    if (open && typeof status === 'number' && status < 0) handle.start(interest, ready);
    // The library calls straight from the loop; what `work` promised is only looked at after a callback of Node's own.
    setImmediate(settlePromises);
  };
  const handle = koffi.node.poll(descriptor, interest, ready);
  return {
    [Symbol.dispose]() {
      open = false;
      handle.close();
    },
  };
}

/**
 * Call `work` on the event loop once, as soon as a descriptor can be read, or written: a socket that connects can be written
 * when it has, or has failed. Not any more once disposed of, which has to be before the descriptor is closed.
 */
export function onceReady(descriptor: number, what: 'readable' | 'writable', work: () => void): Disposable {
  let wanted = true;
  let open = true;
  const stop = () => {
    if (open) handle.close();
    open = false;
  };
  const handle = koffi.node.poll(descriptor, { [what]: true }, () => {
    stop();
    // Called straight from the loop, where what `work` throws would end the process.
    setImmediate(() => {
      if (wanted) work();
    });
  });
  return {
    [Symbol.dispose]() {
      wanted = false;
      stop();
    },
  };
}

/** Nothing: Node runs waiting promises and ticks when it returns. */
function settlePromises(): void {}
