"""The benchmark of skills, run whole but short."""

import json

import pytest

from bench.skills import CHAINS, main, skills


def test_every_chain_is_among_twenty_skills_and_looks_at_every_camera():
    chosen = skills(20, ["one", "two"])

    assert {skill.name for skill in chosen} == set(CHAINS)
    assert all(skill.cameras == ("one", "two") for skill in chosen)


def test_each_number_of_boxes_is_a_row_with_every_skill_on_every_result(capsys: pytest.CaptureFixture[str]):
    main(["--skills", "6", "--cameras", "2", "--rate", "5", "--seconds", "2", "--boxes", "2", "60", "--json"])

    measured = json.loads(capsys.readouterr().out)
    few, many = measured["rows"]
    assert [row["evaluations"] for row in (few, many)] == [6 * 2 * 5 * 2] * 2
    for row in (few, many):
        assert 0 < row["p50_us"] <= row["p95_us"] <= row["worst_us"]
        assert row["share_of_core_when_quiet"] > 0
    assert many["p50_us"] > few["p50_us"]
