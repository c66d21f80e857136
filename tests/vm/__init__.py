"""Tests with a real v4l2loopback camera, in a virtual machine.

A virtual camera on Linux is a kernel module, which containers and most CI machines cannot load.
So `vcam-vm` boots a Debian kernel in QEMU, loads the module there and runs pytest on the files
``inside_*.py`` with this machine's own Python and files::

    python -m tests.vm                          v4l2loopback 0.12.7 (Debian 12)
    python -m tests.vm --driver-suite trixie    v4l2loopback 0.15.0 (Debian 13)
    python -m tests.vm --browser                with headless Chromium as the reader, too
    python -m tests.vm -k first_frame           what follows goes to pytest

``pytest -m vm`` runs the same. The files are named so that pytest collects them nowhere else.
The first call downloads and builds for about a minute; it needs Debian on amd64, and root for
installing QEMU. The processor is emulated where there is no KVM: numpy is 50 to 100 times slower.
"""
