"""Portunus: one spec file in, simulator, planner and in-game view out."""

__version__ = "0.1.0"
