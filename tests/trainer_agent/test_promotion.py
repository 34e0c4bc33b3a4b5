import pytest

from edge_common.scores import Comparison
from modules.trainer_agent.promotion import reason_to_wait

WORSE = Comparison(live_version="1", images=15, value=0.5, live_value=0.874, difference=(-0.5, -0.1))
PERHAPS_WORSE = WORSE.model_copy(update={"difference": (-0.5, 0.1)})
BETTER = WORSE.model_copy(update={"value": 0.95, "difference": (0.01, 0.2)})


@pytest.mark.parametrize(
    ("rule", "comparison", "goes_live"),
    [
        pytest.param("if_better", WORSE, False, id="worse"),
        pytest.param("if_better", PERHAPS_WORSE, True, id="perhaps worse"),
        pytest.param("if_better", BETTER, True, id="better"),
        pytest.param("if_better", None, True, id="nothing to compare with"),
        pytest.param("always", WORSE, True, id="worse, and always"),
        pytest.param("always", None, True, id="always"),
        pytest.param("never", BETTER, False, id="better, and never"),
        pytest.param("never", None, False, id="never"),
    ],
)
def test_a_new_version_goes_live_by_the_rule(rule, comparison, goes_live):
    assert (reason_to_wait(rule, comparison) == "") is goes_live


def test_the_reason_gives_both_figures_and_on_what_they_are():
    assert reason_to_wait("if_better", WORSE) == (
        "On the same 15 images the version in use does better: 87 % against 50 %."
    )


@pytest.mark.parametrize(
    ("live", "new", "figures"),
    [
        pytest.param(0.874, 0.866, "87.4 % against 86.6 %", id="equal when rounded"),
        pytest.param(0.996, 0.995, "99.6 % against 99.5 %", id="both nearly all"),
        pytest.param(0.875, 0.864, "88 % against 86 %", id="differ when rounded"),
        pytest.param(1.0, 0.994, "100 % against 99 %", id="all and nearly all"),
        pytest.param(0.004, 0.0, "0.4 % against 0.0 %", id="hardly any"),
    ],
)
def test_figures_that_are_equal_when_rounded_get_a_decimal_more(live, new, figures):
    narrow = WORSE.model_copy(update={"live_value": live, "value": new})

    assert reason_to_wait("if_better", narrow).endswith(f"does better: {figures}.")


def test_one_image_is_not_several():
    one = WORSE.model_copy(update={"images": 1})

    assert reason_to_wait("if_better", one).startswith("On the same image the version in use")


def test_a_rule_that_lets_nothing_live_is_named():
    assert "new versions do not go live by themselves" in reason_to_wait("never", WORSE)
