"""A program that plays live matches: the collector behind `lms_live_collector.py`."""
