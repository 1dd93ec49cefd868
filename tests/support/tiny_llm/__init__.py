"""Language models of some thousand weights, made on the spot as folders like those that people download."""

from support.tiny_llm.scripted import scripted
from support.tiny_llm.seeing import seeing
from support.tiny_llm.words import TEMPLATE, byte_tokenizer
from support.tiny_llm.writing import writing

__all__ = ["TEMPLATE", "byte_tokenizer", "scripted", "seeing", "writing"]
