"""What a decoder that was taken over would like to do: pieces of Python that raise OSError when
refused.

Each may use `folder`, `victim` (a process of the same user) and the addresses `tcp`, `udp`, `unix`.
None does harm beyond these when it is not refused, as when a test is seen red.
"""

from __future__ import annotations

PRELUDE = """
import ctypes, mmap, os, resource, signal, socket, subprocess, sys
libc = ctypes.CDLL(None, use_errno=True)
def must(result):
    if result < 0:
        raise OSError(ctypes.get_errno(), "refused")
def call(name, *arguments):
    must(getattr(libc, name)(*arguments))
def limit(which, value):
    call('setrlimit', which, (ctypes.c_ulong * 2)(value, value))
def ask(name, *arguments):
    if getattr(libc, name)(*arguments) < 0 and ctypes.get_errno() == 1:
        raise PermissionError(1, "refused")
"""
"""Imported while that was still allowed, as a decoder's own libraries are. `ask` is for calls that
must do nothing even where they are allowed: it minds only whether they are.
"""

ACTS = {
    "frees a descriptor": "os.close(2)",
    "reads a file": "open('/etc/passwd').read()",
    "lists a folder": "os.listdir('/')",
    "looks at a file": "os.stat('/etc/passwd')",
    "writes into a file": "os.open(f'{folder}/file', os.O_WRONLY)",
    "cuts a file short": "os.truncate(f'{folder}/file', 0)",
    "makes a file": "os.open(f'{folder}/new', os.O_CREAT | os.O_WRONLY)",
    "unlinks": "os.unlink(f'{folder}/unlinked')",
    "renames": "os.rename(f'{folder}/renamed', f'{folder}/other')",
    "changes a mode": "os.chmod(f'{folder}/own', 0o777)",
    "makes a folder": "os.mkdir(f'{folder}/folder')",
    "makes a link": "os.symlink('/etc/passwd', f'{folder}/link')",
    "becomes another program": "os.execv('/bin/echo', ['echo', 'done'])",
    "forks": "os.fork() or os._exit(0)",
    "starts a program": "subprocess.run(['/bin/true'])",
    "signals its user's processes": "os.kill(victim, signal.SIGCONT)",
    "reads another's environment": "open(f'/proc/{victim}/environ').read()",
    "connects by TCP": "socket.socket().connect(tuple(tcp))",
    "sends by UDP": "socket.socket(type=socket.SOCK_DGRAM).sendto(b'x', tuple(udp))",
    "connects to a socket file": "socket.socket(socket.AF_UNIX).connect(unix)",
    "listens": "socket.socket().bind(('127.0.0.1', 0))",
    "opens a device": "os.open('/dev/zero', os.O_RDONLY)",
    "raises a limit": "limit(resource.RLIMIT_NOFILE, 64)",
    "gives itself time": "limit(resource.RLIMIT_CPU, 10**6)",
    "outlives its time": "signal.signal(signal.SIGXCPU, signal.SIG_IGN)",
    "limits another": "resource.prlimit(victim, resource.RLIMIT_CORE, (0, 0))",
    "makes a file in memory": "os.memfd_create('x')",
    "makes a pipe": "os.pipe()",
    "makes memory that can be run": "mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_EXEC)",
}

ROOTS = {
    "traces a process": "call('ptrace', 0x4206, victim, 0, 0)",
    "becomes another user": "os.setresuid(0, 1, 0)",
    "mounts": "ask('mount', b'none', folder.encode(), b'no such kind', 0, None)",
    "takes a mount away": "ask('umount2', folder.encode(), 8)",
    "makes a namespace": "call('unshare', 0x00020000)",
    "changes its root": "os.chroot('/')",
    "makes a device": "os.mknod(f'{folder}/device', 0o20666, os.makedev(1, 5))",
    "queues calls in a ring": "must(libc.syscall(425, 4, ctypes.create_string_buffer(120)))",
}
"""What an ordinary user may not do on every system, or not at all."""
