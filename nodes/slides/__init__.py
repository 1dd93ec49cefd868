"""The slide family: backgrounds, frames, titles, watermarks, numbers, decks. One file a node."""
