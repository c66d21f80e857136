import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamer import Config, ConfigError
from streamer.stream_url import check_url, redacted, shown_url

GOOD = {
    "rtmp://192.168.1.20/live/portrait": "rtmp://192.168.1.20/live/…",
    "rtmp://a.rtmp.youtube.com/live2/abcd-efgh-1234": "rtmp://a.rtmp.youtube.com/live2/…",
    "rtmps://me:secret@host:443/rtmp/KEY?token=t0p": "rtmps://host:443/rtmp/…?…",
    "rtsp://me:secret@[::1]:8554/portrait": "rtsp://[::1]:8554/portrait",
    "srt://laptop:9000?mode=caller&passphrase=0123456789": "srt://laptop:9000?…",
    "srt://0.0.0.0:9000?mode=listener": "srt://0.0.0.0:9000?…",
    "udp://239.0.0.1:9000": "udp://239.0.0.1:9000",
    "RTMP://HOST/app/key": "rtmp://host/app/…",
}


@pytest.mark.parametrize("url", GOOD)
def test_an_address_is_taken_and_shown_without_its_secrets(url: str) -> None:
    assert Config(stream=url).stream == url
    assert shown_url(url) == GOOD[url]


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("http://host:8000/S3CRET", "rtmp://HOST/APP/KEY, rtsp://"),
        ("S3CRET", "rtmp://HOST/APP/KEY"),
        ("file:///S3CRET", "'file://…' is none of them"),
        ("srt://host?passphrase=S3CRET", "needs a port: srt://host:9000"),
        ("udp://host/S3CRET", "needs a port"),
        ("rtmp://me:S3CRET@host", "the stream key: rtmp://host/live/KEY"),
        ("rtmp:///live/S3CRET", "names no host"),
        ("srt://me:S3CRET@host:99999", "host or port is wrong"),
        ("srt://[::1/S3CRET", "host or port is wrong"),
        ("rtmp://host/live/S3CRET key", "%20"),
        ("rtmp://host/live/S3CRET\n", "%20"),
        ("rtmp://host/live/S3CRET" + "x" * 2000, "%20"),
    ],
)
def test_what_is_no_address_is_refused_with_the_choices_and_no_secret(url: str, says: str) -> None:
    with pytest.raises(ConfigError) as refused:
        Config(stream=url)

    assert says in str(refused.value)
    assert "S3CRET" not in str(refused.value)


def test_an_unknown_encoder_is_refused_with_the_choices() -> None:
    with pytest.raises(ConfigError, match="libx264"):
        Config(stream_encoder="h265")


def test_the_settings_do_not_show_the_address() -> None:
    assert "S3CRET" not in repr(Config(stream="rtmp://host/live/S3CRET"))


word = st.text("abcXYZ0189-_", min_size=5, max_size=12)


@given(user=word, password=word, key=word, token=word, scheme=st.sampled_from(["rtmp", "rtmps"]))
def test_no_secret_is_left_in_what_a_library_says(
    user: str, password: str, key: str, token: str, scheme: str
) -> None:
    url = f"{scheme}://{user}.u:{password}.p@the.host:1935/the.app/{key}.k?auth={token}.t"
    check_url(url)
    said = f"'{url}' returned 5; {password}.p was refused for {key}.k ({token}.t) at the.host"

    shown = redacted(said, url)

    for secret in (f"{password}.p", f"{key}.k", f"{token}.t"):
        assert secret not in shown
    assert "the.host" in shown


@given(st.text(max_size=60))
def test_any_text_can_be_shown(text: str) -> None:
    shown_url(text)
    redacted("an error", text)
