"""Language models: prompts expanded, pictures described, decks planned; and the same by rules, without a model."""
