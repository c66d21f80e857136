import pytest

from control.translations.particles import with_particles


@pytest.mark.parametrize(
    ("both", "chosen"),
    [
        ("거울이(가)", "거울이"),
        ("'모나리자'이(가)", "'모나리자'가"),
        ("포트 8000은(는)", "포트 8000은"),
        ("3 MB과(와) 2을(를)", "3 MB과(와) 2를"),
        ("10(으)로", "10으로"),
        ("7(으)로, 1(으)로, 거울(으)로", "7로, 1로, 거울로"),
        ("사진(으)로, 모나리자(으)로", "사진으로, 모나리자로"),
        ("9(이)라고, 3(이)라고", "9라고, 3이라고"),
        ("(카메라)을(를)", "(카메라)를"),
        ("mona-lisa을(를)", "mona-lisa을(를)"),
    ],
)
def test_the_particle_fits_the_sound_before_it_or_both_stay(both: str, chosen: str) -> None:
    assert with_particles(both) == chosen
    assert with_particles(chosen) == chosen
