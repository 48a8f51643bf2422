import pytest

from reben.describe.authors import Author


def test_organisations_have_no_given_name():
    author = Author.parse(" Institute of Patches ")
    assert author == Author("Institute of Patches")
    assert (author.full, author.spoken, author.is_person) == ("Institute of Patches", "Institute of Patches", False)


def test_addresses_of_orcids_are_taken_too():
    author = Author.parse("Doe, Jane;https://orcid.org/0000-0002-1694-233X")
    assert (author.orcid, author.spoken, author.is_person) == ("0000-0002-1694-233X", "Jane Doe", True)


@pytest.mark.parametrize(
    "text", ["", " , Jane", "Doe, Jane; 0000-0002-1825-0098", "Doe, Jane; 12", "; 0000-0002-1825-0097"]
)
def test_what_is_no_author_is_refused(text: str):
    with pytest.raises(ValueError, match=r"family name|ORCID"):
        Author.parse(text)
