"""What the disk can do: one writer that appends 1 KiB and waits for fdatasync."""

import os
import time

BLOCK = b"\x5a" * 1024


def measure(folder, seconds):
    """Appends and syncs a second, on a fresh file in `folder`."""
    path = folder / "fsync.probe"
    file = os.open(path, os.O_CREAT | os.O_TRUNC | os.O_WRONLY | os.O_APPEND, 0o600)
    try:
        count, start = 0, time.monotonic()
        while time.monotonic() - start < seconds:
            if os.write(file, BLOCK) != len(BLOCK):
                raise OSError("short write")
            os.fdatasync(file)
            count += 1
        return {"rate": count / (time.monotonic() - start)}
    finally:
        os.close(file)
        path.unlink()
