"""Attributes of a text by rules: direction, stage, parties, goods, instruments, dates, topics, vetoes; pure."""

from rules.cues.reader import CueReader, load_reader
from rules.cues.values import Cues, Evidence

__all__ = ["CueReader", "Cues", "Evidence", "load_reader"]
