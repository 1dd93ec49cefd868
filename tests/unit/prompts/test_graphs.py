"""Which node asks a chat model last, so that it can be unloaded then; and which texts are a model's."""

import pytest

from lectern.prompts.graphs import asked_later, is_by_model

MODEL = ["m", 0]


def node(**inputs):
    return {"class_type": "any", "inputs": inputs}


CHAIN = {
    "m": node(chat="local"),
    "n": node(chat="other"),
    "1": node(chat_model=MODEL, text="idea"),
    "2": node(text=["1", 0]),
    "3": node(chat_model=MODEL, text=["2", 0]),
    "4": node(chat_model=["n", 0], text=["3", 0]),
    "5": node(chat_model=MODEL, text="aside"),
    "6": node(images=["3", 0]),
}


@pytest.mark.parametrize(
    ("asking", "later"),
    [
        ("1", True),  # node 3 asks again, through a node that does not
        ("3", False),  # node 4 asks another model
        ("4", False),
        ("5", False),  # beside the others: nothing depends on it
        ("6", False),  # asks none
        ("gone", False),
    ],
)
def test_only_nodes_downstream_with_the_same_model_count(asking, later):
    assert asked_later(CHAIN, asking) is later


def test_a_circle_ends():
    graph = {"m": node(), "1": node(chat_model=MODEL, text=["2", 0]), "2": node(text=["1", 0])}
    assert asked_later(graph, "1") is True  # through the circle it depends on itself


def test_links_of_inner_nodes_are_paths():
    graph = {"9:m": node(), "9:1": node(chat_model=["9:m", 0]), "3": node(chat_model=["9:m", 0], text=["9:1", 0])}
    assert asked_later(graph, "9:1") and not asked_later(graph, "3")


@pytest.mark.parametrize(
    ("asking", "name", "by_model"),
    [
        ("3", "text", True),  # of node 1, through a node that asks none
        ("2", "text", True),
        ("6", "images", True),
        ("1", "text", False),  # a person's
        ("1", "chat_model", False),  # the model itself is no text
        ("gone", "text", False),
    ],
)
def test_texts_of_models(asking, name, by_model):
    assert is_by_model(CHAIN, asking, name) is by_model


def test_a_text_that_is_linked_may_be_a_persons():
    graph = {"p": node(value="an __animal__"), "1": node(chat_model=MODEL, text=["p", 0])}
    assert not is_by_model(graph, "1", "text")
