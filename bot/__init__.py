"""Get the news in, remember it, and get alerts out: everything of Straitwatch that touches the world."""

__version__ = "0.1.0"
