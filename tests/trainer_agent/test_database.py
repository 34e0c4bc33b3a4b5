import json
import sqlite3
from dataclasses import replace

import pytest

from edge_common.errors import EdgeError
from edge_common.scores import Score
from modules.trainer_agent.database import MIGRATIONS, Database
from modules.trainer_agent.training_log import TrainingLog, TrainingState

STARTED, ENDED = "2026-03-05T07:00:00+00:00", "2026-03-05T07:01:00+00:00"
SCORE = Score(name="ap50", value=0.8, per_label={"gap": 0.8}, protocol="made up for a test")


def test_a_database_of_a_newer_program_is_not_touched(tmp_path):
    path = tmp_path / "library.sqlite"
    with sqlite3.connect(path) as connection:
        connection.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    connection.close()

    with pytest.raises(EdgeError, match="made by a newer program"):
        Database(path)


def test_a_database_that_is_damaged_is_told_as_such(tmp_path):
    path = tmp_path / "library.sqlite"
    path.write_bytes(b"not a database at all" * 100)

    with pytest.raises(EdgeError, match="cannot be read or written"):
        Database(path)


def test_a_database_of_the_first_version_is_brought_up_with_its_trainings(tmp_path):
    path = tmp_path / "library.sqlite"
    connection = sqlite3.connect(path)
    for statement in MIGRATIONS[0]:
        connection.execute(statement)
    connection.execute("INSERT INTO models VALUES ('gaps', 'Gaps', 'gaps', 'detection', 0, ?)", (STARTED,))
    connection.execute(
        "INSERT INTO trainings (model_id, started, ended, phase, version, score, images, boxes, seconds)"
        " VALUES ('gaps', ?, ?, 'trained', '1', ?, 15, 20, 9.5)",
        (STARTED, ENDED, SCORE.model_dump_json()),
    )
    connection.execute("PRAGMA user_version = 1")
    connection.commit()
    connection.close()

    old = TrainingState(
        "gaps",
        phase="trained",
        started=STARTED,
        ended=ENDED,
        version="1",
        score=SCORE,
        images=15,
        boxes=20,
        seconds=9.5,
    )
    waiting = replace(old, version="2", kept_back="The version in use does better.")

    brought_up = Database(path)
    log = TrainingLog(brought_up)
    log.begin("gaps", STARTED)
    log.end(waiting)

    with brought_up.reading() as rows:
        assert rows.execute("PRAGMA user_version").fetchone()[0] == len(MIGRATIONS)
    assert log.scored("gaps") == (old, waiting)
    assert log.last() == {"gaps": waiting}
    brought_up.close()


def test_the_one_tag_of_pictures_is_kept_when_several_become_possible(tmp_path):
    path = tmp_path / "library.sqlite"
    connection = sqlite3.connect(path)
    for statements in MIGRATIONS[:4]:
        for statement in statements:
            connection.execute(statement)
    connection.execute(
        "INSERT INTO models (id, name, folded, kind, automatic, created) VALUES ('doors', 'Doors', 'doors', ?, 0, ?)",
        ("classification", STARTED),
    )
    connection.execute("INSERT INTO tags VALUES (7, 'doors', 'open', 'open')")
    image = "INSERT INTO images (id, model_id, digest, name, width, height, source, taken_ns, tag_id)"
    for number, tag in ((1, 7), (2, None), (3, 7)):
        connection.execute(f"{image} VALUES (?, 'doors', ?, 'a.jpg', 9, 9, 'upload', 1, ?)", (number, f"{number}", tag))
    connection.execute("INSERT INTO checks VALUES (1, 'unsure', NULL, '[]', 1, NULL)")
    deleted = json.dumps({"images": [{"id": 3, "tag_id": 7}], "boxes": [], "checks": []})
    connection.execute("INSERT INTO bin VALUES (3, 'b', 1, 'doors', '3', ?)", (deleted,))
    connection.execute("DELETE FROM images WHERE id = 3")
    connection.execute("PRAGMA user_version = 4")
    connection.commit()
    connection.close()

    brought_up = Database(path)

    with brought_up.reading() as rows:
        found = {row["id"]: (row["tag_ids"], row["tagged"]) for row in rows.execute("SELECT * FROM library")}
        kept = json.loads(rows.execute("SELECT rows FROM bin").fetchone()[0])
        checked = rows.execute("SELECT checked FROM checks").fetchone()[0]
    brought_up.close()
    assert found == {1: ("[7]", 1), 2: ("[]", 0)}
    assert (kept["image_tags"], kept["images"][0]["tag_id"]) == ([{"image_id": 3, "tag_id": 7}], None)
    assert checked is None


def test_a_database_that_was_brought_up_opens_again_as_it_is(tmp_path):
    for _ in range(2):
        opened = Database(tmp_path / "library.sqlite")
        with opened.reading() as rows:
            columns = [row["name"] for row in rows.execute("PRAGMA table_info(trainings)")]
        opened.close()

    assert columns.count("kept_back") == 1
