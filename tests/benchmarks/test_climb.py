import pytest
from climb import CLIMB, Row, read_rows

from gemel.config import Config


def test_every_row_of_the_climb_loads_and_states_what_it_is():
    rows = read_rows()
    assert [row.name for row in rows] == sorted(path.stem for path in CLIMB.glob("*.toml"))
    assert all(row.description for row in rows)


def test_the_climb_begins_with_the_notebook():
    first = read_rows()[0]
    assert first.config == Config.from_toml(CLIMB.parents[1] / "configs" / "notebook.toml")


def test_a_description_is_a_comment_on_the_first_line_only(tmp_path):
    (tmp_path / "02-b.toml").write_text("# an idea\n# more\n[network]\nd_model = 8\n")
    (tmp_path / "01-a.toml").write_text("[network]\n# no idea\nd_model = 9\n")
    rows = read_rows(tmp_path)
    assert [(row.name, row.description) for row in rows] == [("01-a", ""), ("02-b", "an idea")]
    assert [row.config.network.d_model for row in rows] == [9, 8]


@pytest.mark.parametrize("seed", [0, 10, 2])
def test_a_model_is_found_where_it_was_put(tmp_path, seed):
    row = Row("01-a", "", Config())
    assert row.with_seed(seed).training.seed == seed
    row.folder(tmp_path, seed).mkdir()
    row.folder(tmp_path, 3).mkdir()
    (tmp_path / "01-a-seed7.checkpoint").touch()
    Row("01-a-b", "", Config()).folder(tmp_path, 9).mkdir()
    assert row.finished(tmp_path) == sorted({seed, 3})


@pytest.mark.parametrize(("row", "config"), [("13-quora", "quora"), ("14-accurate", "accurate")])
def test_the_last_rows_are_configs_that_ship(row, config):
    (found,) = [each for each in read_rows() if each.name == row]
    ships = Config.from_toml(CLIMB.parents[1] / "configs" / f"{config}.toml")
    # How a question without a mark at its end is read came after the climb.
    assert found.config == ships.replace(["text.final_mark=false"])
