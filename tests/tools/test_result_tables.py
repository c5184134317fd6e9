"""Tables of CSV files in pages."""

import pytest

from tools import result_tables
from tools.result_tables import Options

PAGE = "Before\n\n<!-- results/speed.csv -->\n| net | ms |\n| --- | --- |\n| old | 9 |\n\nAfter | all\n"


@pytest.fixture
def root(tmp_path):
    (tmp_path / "docs/more").mkdir(parents=True)
    (tmp_path / "results").mkdir()
    (tmp_path / "README.md").write_text("nothing\n")
    (tmp_path / "docs/more/page.md").write_text(PAGE)
    (tmp_path / "results/speed.csv").write_text('net,ms\n"a, small",1.50\nb,\n')
    return tmp_path


def test_a_table_is_replaced_and_the_rest_stays(root, capsys):
    assert result_tables.main(Options(check=True, root=root)) == 1
    assert "shows other figures" in capsys.readouterr().out
    assert (root / "docs/more/page.md").read_text() == PAGE
    assert result_tables.main(Options(root=root)) == 0
    table = "| net | ms |\n| --- | --- |\n| a, small | 1.50 |\n| b |  |\n"
    assert (root / "docs/more/page.md").read_text() == f"Before\n\n<!-- results/speed.csv -->\n{table}\nAfter | all\n"
    assert result_tables.main(Options(check=True, root=root)) == 0


def test_a_file_that_no_page_shows_fails(root, capsys):
    (root / "results/other.csv").write_text("a\n1\n")
    assert result_tables.main(Options(root=root)) == 1
    assert "no page shows other.csv" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "message"), [("a,b\n1\n", "row 2 has 1 cells, the first 2"), ("a\nx|y\n", "a cell of row 2 holds |")]
)
def test_a_file_that_is_no_table_is_an_error(root, text, message):
    (root / "results/speed.csv").write_text(text)
    with pytest.raises(ValueError, match=message.replace("|", r"\|")):
        result_tables.main(Options(root=root))
