"""What the rules say in outlines, one file a language; `reading.py` says how the files are written."""
