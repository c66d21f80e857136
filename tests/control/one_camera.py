"""``living-portrait`` on a machine with one camera, which here is only a name.

python -m tests.control.one_camera run FLAGS ...
"""

import functools
import sys

CAMERA = "/dev/video10"


def main() -> int:
    """Run the program, or the renderer of it."""
    if sys.argv[1] == "renderer":
        from control import renderer
        from control.commands import run

        run.candidates = lambda wanted: [] if wanted == "none" else [CAMERA]
        return renderer.main(sys.argv[2:])
    from control import cli, supervisor

    mine = (sys.executable, "-m", "tests.control.one_camera", "renderer")
    supervisor.supervise = functools.partial(supervisor.supervise, renderer=mine)
    return cli.main(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
