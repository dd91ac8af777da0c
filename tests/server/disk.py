"""A server's disk, as fast as one whose cache outlives a power cut.

The power cut of a throwaway server ends its processes, and this machine keeps what they wrote: to wait until that is
on the disk would show nothing, and dpkg alone waits for every file that it unpacks. So for a server, what writes
caches back is a system call that succeeds at once (seccomp(2), as mkosi's suppression of sync(2) does it).
"""

import ctypes
import os
import struct

# By machine: what the kernel calls it (linux/audit.h), and the numbers of fsync, fdatasync, sync, syncfs and
# sync_file_range.
CALLS = {
    "x86_64": (0xC000003E, (74, 75, 162, 306, 277)),
    "aarch64": (0xC00000B7, (82, 83, 81, 267, 84)),
}
LIBC = ctypes.CDLL(None, use_errno=True)
PR_SET_SECCOMP, FILTER = 22, 2
LOAD, EQUAL, RETURN = 0x20, 0x15, 0x06
ALLOW, SUCCEED = 0x7FFF0000, 0x00050000
NUMBER, MACHINE = 0, 4
"""Where a filter finds them in what it is shown (struct seccomp_data)."""


def never_waits() -> None:
    """From here on this process and all that it starts wait for no disk (between fork and exec of systemd-nspawn)."""
    machine, calls = CALLS.get(os.uname().machine, (0, ()))
    if not calls:
        return
    steps = [(LOAD, 0, 0, MACHINE), (EQUAL, 1, 0, machine), (RETURN, 0, 0, ALLOW), (LOAD, 0, 0, NUMBER)]
    steps += [(EQUAL, len(calls) - place, 0, call) for place, call in enumerate(calls)]
    steps += [(RETURN, 0, 0, ALLOW), (RETURN, 0, 0, SUCCEED)]
    program = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in steps))
    described = ctypes.create_string_buffer(struct.pack("HP", len(steps), ctypes.addressof(program)))
    if LIBC.prctl(PR_SET_SECCOMP, FILTER, described, 0, 0):
        raise OSError(ctypes.get_errno(), "seccomp")
