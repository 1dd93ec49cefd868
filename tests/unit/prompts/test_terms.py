"""Terms that a prompt must and must not hold."""

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from lectern.prompts.errors import TextsError
from lectern.prompts.terms import check_terms, missing, present, repaired, terms_of


class TestReading:
    @pytest.mark.parametrize(
        ("text", "terms"),
        [
            ("", ()),
            (" \n ,, \n", ()),
            ("red fox, snow\ngolden  hour", ("red fox", "snow", "golden hour")),
            ("红狐，雪、黄昏", ("红狐", "雪", "黄昏")),
            ("Fox, fox, FOX", ("Fox",)),
            (
                'a sign "open, now", (hat, coat:1.2), <lora:a,b:1>',
                ('a sign "open, now"', "(hat, coat:1.2)", "<lora:a,b:1>"),
            ),
            ("(never closed, hat", ("(never closed", "hat")),
            ("fox \\(animal, hat", ("fox \\(animal", "hat")),
            ("🎉", ("🎉",)),
        ],
    )
    def test_terms(self, text, terms):
        assert terms_of(text) == terms

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            (", ".join(f"term {n}" for n in range(101)), "101 terms in one list; 100 are allowed"),
            ("x" * 201, "has 201 characters; 200 are allowed"),
            ("fox, ...", "'...' has no letters"),
        ],
    )
    def test_refused(self, text, said):
        with pytest.raises(TextsError, match=said.replace(".", r"\.")):
            terms_of(text)

    @pytest.mark.parametrize(("must", "never"), [(["fox"], ["FOX"]), (["a red fox"], ["fox"]), (["红狐"], ["狐"])])
    def test_what_excludes_each_other_is_an_error(self, must, never):
        with pytest.raises(TextsError, match="exclude each other"):
            check_terms(must, never)

    def test_a_part_of_a_word_excludes_nothing(self):
        check_terms(["foxglove", "red"], ["fox", "red fox"])


class TestFinding:
    @pytest.mark.parametrize(
        ("prompt", "term"),
        [
            ("a Red  Fox, snow", "red fox"),
            ("(fox:1.2)", "fox"),
            ("fox", "FOX"),
            ("一只红狐在雪中", "红狐"),
            ("一只fox在雪中", "fox"),
            ("Ein Café.", "café"),
            ("v1.5, <lora:x:1>", "<lora:x:1>"),
            ("naïve, ЗИМА", "зима"),
        ],
    )
    def test_held(self, prompt, term):
        assert present(prompt, [term]) == (term,) and missing(prompt, [term]) == ()

    @pytest.mark.parametrize(
        ("prompt", "term"),
        [
            ("foxglove", "fox"),
            ("outfox", "fox"),
            ("snow_fox", "fox"),
            ("<lora:fox:1>", "fox"),
            ("(hat:1.2)", "1.2"),
            ("cafe\u0301", "cafe"),
            ("हिन्दी", "हिन"),
            ("red, fox", "red fox"),
        ],
    )
    def test_not_held(self, prompt, term):
        assert present(prompt, [term]) == () and missing(prompt, [term]) == (term,)


class TestTags:
    @pytest.mark.parametrize(
        ("prompt", "must", "never", "made"),
        [
            ("fox, snow", [], ["hat"], "fox, snow"),
            ("fox, snow,", ["hat"], [], "fox, snow, hat"),
            ("", ["hat", "<lora:x:1>"], [], "hat, <lora:x:1>"),
            ("fox, red hat, snow", [], ["hat"], "fox, snow"),
            ("red hat, fox", [], ["hat"], "fox"),
            ("fox, red hat", [], ["hat"], "fox"),
            ("fox, (red hat:1.2), snow", [], ["hat"], "fox, snow"),
            ("fox, (snow, red hat:1.2), ice", [], ["hat"], "fox, (snow:1.2), ice"),
            ("fox, ((red hat), [snow, hat]), ice", [], ["hat"], "fox, ([snow]), ice"),
            ("red hat <lora:hat_v1:0.8>, fox", [], ["hat"], "<lora:hat_v1:0.8>, fox"),
            ("fox, hat\nsnow, ice BREAK hat BREAK sky", [], ["hat"], "fox\nsnow, ice BREAK sky"),
            ("hat", ["fox"], ["hat"], "fox"),
            ("a red fox with a hat", ["red fox"], ["hat"], "red fox"),
            ("红狐，帽子，雪", [], ["帽子"], "红狐，雪"),
            ("fox \\(hat\\), snow", [], ["hat"], "snow"),
            ("(fox, hat, snow", [], ["hat"], "(fox, snow"),
            ("fox, :d, hat, .5", [], ["hat"], "fox, :d, .5"),
        ],
    )
    def test_repaired(self, prompt, must, never, made):
        assert repaired(prompt, must, never, "tags")[0] == made

    def test_notes_say_what_was_done(self):
        assert repaired("fox, hat", ["snow"], ["hat", "cap"], "tags")[1] == (
            "Taken out of the prompt, which must not hold them: hat.",
            "Added to the prompt, which must hold them: snow.",
        )
        assert repaired("fox", ["fox"], ["hat"], "tags") == ("fox", ())


class TestProse:
    @pytest.mark.parametrize(
        ("prompt", "must", "never", "made"),
        [
            ("A fox runs.", ["snow"], [], "A fox runs. The picture also shows snow."),
            ("A fox runs", ["snow", "ice", "sky"], [], "A fox runs. The picture also shows snow, ice and sky."),
            ("A fox runs.", ["snow"], ["picture"], "A fox runs. It also shows snow."),
            ("A fox runs.", ["snow", "ice"], ["also", "and"], "A fox runs. snow, ice."),
            ("", ["snow"], [], "The picture also shows snow."),
            ("一只狐狸在跑。", ["雪", "冰"], [], "一只狐狸在跑。画面中还有雪和冰。"),
            (
                "A fox runs, wearing a hat, through snow. It is late.",
                [],
                ["hat"],
                "A fox runs, through snow. It is late.",
            ),
            ("A fox runs, wearing a hat. It is late.", [], ["hat"], "A fox runs. It is late."),
            ("A hat lies there, blue. A fox, size 1.5 m, runs.", [], ["hat"], "A fox, size 1.5 m, runs."),
            ("A fox in a red hat, standing in snow, at dawn.", [], ["hat"], "A fox, standing in snow, at dawn."),
            ("A fox with (hat:1.2) runs.", [], ["hat"], "A fox with runs."),
            ("A hat <lora:hat:1> lies. A fox runs.", [], ["hat"], "<lora:hat:1> A fox runs."),
            ("一只狐狸，戴着帽子，在雪中。", [], ["帽子"], "一只狐狸，在雪中。"),
            ("hat", [], ["hat"], ""),
        ],
    )
    def test_repaired(self, prompt, must, never, made):
        assert repaired(prompt, must, never, "prose")[0] == made


WORDS = st.sampled_from(
    ["fox", "red", "hat", "a", "and", "the", "also", "红狐", "狐", "1", "1.2", "lora", "x", "Fox", "ﬁ", "é", "BREAK"]
)
GLUE = st.sampled_from(
    [" ", ", ", ". ", "", "(", ")", ":1.2)", "<lora:", ":1>", "\n", "，", "。", '"', "\\", "_", "[", "<", ">", ":"]
)
PROMPT = st.lists(WORDS | GLUE, max_size=25).map("".join) | st.text(max_size=30)
TERMS = st.lists(st.lists(WORDS | GLUE, min_size=1, max_size=4).map("".join) | st.text(max_size=6), max_size=4)


def read(texts):
    try:
        return terms_of("\n".join(texts))
    except TextsError:
        assume(False)


class TestAlways:
    @settings(deadline=None)
    @given(PROMPT, TERMS, TERMS, st.sampled_from(["tags", "prose"]))
    @example("<lora", ["<a", "fox", "b>"], [], "tags")
    @example("红红红色色色", [], ["红色"], "prose")
    def test_both_lists_are_satisfied(self, prompt, must, never, form):
        must, never = read(must), read(never)
        try:
            check_terms(must, never)
        except TextsError:
            assume(False)
        made, notes = repaired(prompt, must, never, form)
        assert not missing(made, must) and not present(made, never)
        assert all(term in made for term in must)  # letter by letter
        assert notes or made.casefold().split() == prompt.casefold().split()

    @pytest.mark.parametrize(
        ("prompt", "must", "made"),
        [
            ("an IPHONE, a desk", ["iPhone"], "an iPhone, a desk"),
            ("Brass  lamp, oak", ["brass lamp"], "brass lamp, oak"),
            ("APPLE", ["Apple", "apple"], "Apple, apple"),
            ("(FOG:1.2), fog", ["Fog"], "(Fog:1.2), fog"),
            ("a category, CAT", ["cat"], "a category, cat"),
            ("iPhone, IPHONE", ["iPhone"], "iPhone, IPHONE"),
        ],
    )
    def test_other_capitals_and_spaces_are_put_right_where_they_stand(self, prompt, must, made):
        assert repaired(prompt, must, [], "tags") == (made, ())

    @settings(deadline=None)
    @given(st.lists(WORDS, min_size=1, max_size=4).map(" ".join), TERMS, st.sampled_from(["tags", "prose"]))
    def test_syntax_survives(self, words, never, form):
        never = [term for term in read(never) if not set(term) & set("<>()[]{}:")]
        prompt = f"{words}, (fox:1.2), <lora:fox 1:0.8>, sky, [red | hat]. A hat and a (red fox, sky:0.5) run."
        made, _ = repaired(prompt, [], never, form)
        assert "<lora:fox 1:0.8>" in made and ":)" not in made and "(:" not in made and "()" not in made
        assert made.count("(") == made.count(")") and made.count("[") == made.count("]")

    @pytest.mark.parametrize("form", ["tags", "prose"])
    @pytest.mark.parametrize(
        "piece", ["fox ", "(", "((fox,", ")", "(fox)", "fox, ", "fox. ", "<lora:", '"', " ", ",", "[fox,a], ", "红色"]
    )
    @pytest.mark.timeout(30)  # a quadratic way takes minutes
    def test_hostile_repetition_takes_a_bounded_time(self, piece, form):
        repaired(piece * (20_000 // len(piece)), ["snow"], ["fox", "红色"], form)
        made, _ = repaired(f"{'(' * 5000}fox{')' * 5000}", ["snow"], ["fox"], form)
        assert "fox" not in made and "snow" in made
