"""How fast this machine's time-stamp counter runs.

An emulated machine shows its guest that very counter. A guest's own measure of it, taken against emulated timers, is
off by a factor of ten where the host is busy, and with it all its clocks.
"""
import ctypes
import mmap
import platform
import time

READ = b"\x0f\x31\x48\xc1\xe2\x20\x48\x09\xd0\xc3"  # rdtsc; shl $32, %rdx; or %rdx, %rax; ret


def khz(seconds=0.1):
    """None where there is no such counter."""
    if platform.machine() != "x86_64":
        return None
    with mmap.mmap(-1, mmap.PAGESIZE, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC) as page:
        page.write(READ)
        place = ctypes.c_char.from_buffer(page)
        read = ctypes.CFUNCTYPE(ctypes.c_uint64)(ctypes.addressof(place))

        def both():
            """The two clocks, as close to each other as ten tries bring them."""
            tries = []
            for _ in range(10):
                a, ticks, b = time.monotonic_ns(), read(), time.monotonic_ns()
                tries.append((b - a, ticks, (a + b) // 2))
            return min(tries)[1:]

        ticks, ns = both()
        time.sleep(seconds)
        later, then = both()
        del read, place
    return round((later - ticks) * 1000000 / (then - ns))
