"""THIRD_PARTY.md names every library that the project leads to, with the licence it declares."""

import pytest

from tests.packages.licences import brought_along, direct, licence, rows

ROWS = rows()
EXTRAS = {extra for groups in direct().values() for extra in groups} - {"test"}

# Too many to list, and told so below the table: what a cluster's own library brings.
NOT_LISTED = {"ray"}


def lacking(names: set[str]) -> list[str]:
    return sorted(names - set(ROWS))


def test_every_library_that_the_project_names_is_in_a_table() -> None:
    assert lacking(set(direct())) == []


def test_everything_that_those_bring_along_is_in_a_table() -> None:
    along = brought_along(EXTRAS)

    assert lacking({name for name, by in along.items() if by not in NOT_LISTED}) == []


def test_no_table_names_a_library_that_is_not_used() -> None:
    along = set(brought_along(EXTRAS)) | set(direct()) | {"triton"}

    gone = {name for name in ROWS if name not in along and licence(name) is not None}
    assert sorted(gone) == []


@pytest.mark.parametrize("name", sorted(ROWS))
def test_the_licence_is_the_one_that_the_package_declares(name: str) -> None:
    declared = licence(name)
    if declared is None:
        pytest.skip(f"{name} is not installed here")

    assert declared in ROWS[name]
