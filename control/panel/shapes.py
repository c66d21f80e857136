"""What the answers that several routes share look like."""

from typing import Final

from control.panel.schemas import (
    LABEL,
    anything,
    extended,
    gives,
    listed,
    mapping,
    maybe,
    number,
    or_null,
    text,
    truth,
    whole,
)

NUMBERS: Final = mapping(number())

ENGINE: Final = gives(
    name=text(),
    device=text(),
    backend=text(),
    parts=maybe(mapping(text(), "what each part of it really runs on")),
    speed=maybe(anything("how fast it draws here")),
)
CAMERA: Final = gives(
    status=text(meaning="`off`, or what the camera is doing"),
    device=or_null(text()),
    message=text(meaning="for the operator, empty while all is well"),
    reason=maybe(or_null(text(meaning="the message's short name, for programs"))),
    label=maybe(text(meaning="the name that meeting programs show")),
    native_format=maybe(text()),
    width=maybe(whole()),
    height=maybe(whole()),
)
STREAM: Final = gives(
    url=text(meaning="where it goes, without password and key"),
    status=text("connecting", "sending", "waiting", "closed"),
    reason=text(meaning="the message's short name, for programs"),
    message=text(meaning="for the operator, empty while all is well"),
    encoder=text(),
    size=text(),
    fps=number(0, meaning="frames sent a second, over the last three"),
    kbit_s=whole(0),
    skipped=whole(0, meaning="frames not sent, since the receiver or the encoder was slow"),
    reconnects=whole(0),
)
VIEW: Final = gives(
    width=whole(),
    height=whole(),
    fit=text("face", "cover", "contain"),
    zoom=number(),
    offset_x=number(meaning="in frame heights, to the right"),
    offset_y=number(meaning="in frame heights, down"),
    mirror=truth(),
    fill=text(meaning="`blur`, or a colour `#rrggbb`"),
)
HEALTH: Final = gives(
    status=text("ok", "stalled"),
    engine=or_null(ENGINE),
    device=or_null(text()),
    fps=number(0),
    camera=CAMERA,
    stream=maybe(or_null(STREAM)),
    photo=or_null(text()),
    privacy=truth("the 'be right back' picture stands in for the face"),
    badge=maybe(text("off", "ai", meaning="what every frame carries in its corner")),
    uptime_s=number(),
    problems=listed(text(), "what is wrong right now, a sentence each"),
)
OSC: Final = gives(
    listening=truth(),
    address=text(),
    message=text(meaning="why it does not listen"),
    counters=mapping(whole(0), "messages by verdict"),
    subscribers=maybe(listed(text())),
    vmc=maybe(
        or_null(
            gives(
                listening=truth(),
                address=text(),
                message=text(meaning="why it does not listen"),
                counters=mapping(whole(0), "messages"),
                trackers=listed(text(), "who drives the portrait now"),
                left_out=mapping(whole(0), "shapes that the portrait has nothing for"),
            )
        )
    ),
    query=maybe(
        or_null(
            gives(
                listening=truth(),
                url=text(),
                message=text(meaning="why it is not served"),
                announced=or_null(text(meaning="its name in the local network")),
            )
        )
    ),
)
# What is being changed, for every page that watches.
CHANGING: Final = or_null(gives(what=text("engine", "output"), wanted=anything()))
PROGRESS: Final = gives(
    status=text("idle", "checking", "fetching", "stopping", "stopped", "failed", "done"),
    file=text(meaning="the file that comes just now"),
    done_bytes=whole(0),
    total_bytes=whole(0, meaning="rounded until the hub has told the true sizes"),
    speed=number(0, meaning="bytes a second, over the last seconds"),
    left_s=or_null(number(0)),
    message=text(meaning="what went wrong, or what is waited for"),
)
# What the sender's process counts; the numbers are there once it has told them.
SENDER: Final = gives(
    pid=maybe(whole()),
    shows=maybe(text("nothing", "frames", "held", "standby")),
    sent=maybe(whole(0, meaning="frames that the camera got")),
    held=maybe(whole(0, meaning="of them those that repeated the one before")),
    standby=maybe(whole(0, meaning="of them those of the standby loop")),
    late=maybe(whole(0)),
    dropped=maybe(whole(0, meaning="periods in which nothing was sent")),
    interval_ms=maybe(mapping(number(0), "p50, p99 and max between two frames")),
)
STATE: Final = extended(
    HEALTH,
    face=mapping(number(), "every parameter's present value"),
    rest=mapping(number(), "what the photo has at rest"),
    playing=listed(text(), "presets that play now"),
    driven=maybe(mapping(text(), "parameters that an outside source has, with its name")),
    held=mapping(number(), "parameters that are held"),
    idle=gives(style=text(), strength=number(0, 1)),
    paused=truth(),
    notes=listed(text(), "how the face was found"),
    photo_problem=text(),
    view=VIEW,
    size=text(),
    fps_target=number(),
    frames=whole(0),
    late=whole(0, meaning="frames sent more than half a period after their deadline"),
    dropped=whole(0, meaning="deadlines that no frame was drawn for"),
    faults=whole(0, meaning="frames that were not fit to be shown"),
    viewers=whole(0, meaning="who watches the preview"),
    seed=whole(),
    sender=maybe(or_null(SENDER)),
    restarts=maybe(mapping(whole(0), "how often renderer and sender were started again")),
    processes=mapping(whole(), "process numbers by name"),
    osc=OSC,
    changing=CHANGING,
    weights=or_null(PROGRESS),
    photos_id=whole(meaning="another number: the photos have changed"),
    presets_id=whole(meaning="another number: the presets have changed"),
)
PRESET: Final = gives(
    name=text(),
    label=LABEL,
    emoji=text(),
    duration_ms=whole(0),
    mode=text("once", "hold", "toggle", "loop"),
    blocks=listed(text(), "idle channels that rest meanwhile"),
    speaks=truth("not played with the photo of a person who has not agreed to that"),
)
