"""Numbered SQL files; a released one is never edited."""
