"""What a node shows while models write."""

from lectern.prompts.watching import Watch


class Clock:
    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


def test_text_tokens_and_speed():
    clock = Clock()
    watch = Watch(clock)
    part = watch.part()
    part.write("A ")
    clock.now += 1
    part.write("quiet ")
    clock.now += 1
    part.write("harbour")
    assert watch.glimpse.text == "A quiet harbour"
    assert watch.glimpse.tokens == 3 and watch.glimpse.rate == 1.0  # two more in two seconds after the first


def test_thinking_is_said_and_never_shown():
    watch = Watch()
    part = watch.part()
    part.think()
    assert watch.glimpse.thinking and watch.glimpse.text == "" and watch.glimpse.tokens == 1
    part.write("done")
    assert not watch.glimpse.thinking


def test_every_change_is_told_at_once():
    watch, seen = Watch(), []
    watch.listen(lambda: seen.append(watch.glimpse.text))
    part = watch.part()
    part.write("a")
    part.write("b")
    part.restart()
    assert seen == ["a", "ab", ""]


def test_the_fraction_counts_parts_that_are_over_not_questions():
    watch = Watch()
    watch.expect(4)
    watch.part().write("question, repaired by a second one")
    watch.part().write("answer")
    assert watch.fraction == 0
    watch.ended()
    assert watch.fraction == 0.25 and watch.glimpse.done == 1 and watch.glimpse.total == 4


def test_of_a_long_text_the_end_is_kept():
    watch = Watch()
    part = watch.part()
    for number in range(5000):
        part.write(f"{number} ")
    assert watch.glimpse.text.endswith("4998 4999 ") and len(watch.glimpse.text) <= 1500
