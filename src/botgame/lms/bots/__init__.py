"""Scripted bots of the arena, and the trained champion."""
