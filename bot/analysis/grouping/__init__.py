"""Grouping: which articles report one event, which are copies, and which are the next step of an earlier story."""

from bot.analysis.grouping.index import StoryIndex
from bot.analysis.grouping.placing import Placement
from bot.analysis.grouping.traits import Traits, traits_of
from bot.analysis.grouping.window import Window

__all__ = ["Placement", "StoryIndex", "Traits", "Window", "traits_of"]
