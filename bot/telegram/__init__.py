"""Speak Telegram: what goes out (rendering, pacing, sending) and what comes in (commands, menus)."""
