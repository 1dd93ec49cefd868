"""Finishing pictures for slides: geometry, type, stamps, numbering, backgrounds, decks."""
