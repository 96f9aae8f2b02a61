"""Hermetic surroundings for tests: folders, environments, repositories."""
