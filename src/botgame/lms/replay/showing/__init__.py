"""Showing a replay to a person: pictures, films and pages."""
