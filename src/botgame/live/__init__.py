"""Playing live matches with a program: the collector behind `lms_live_collector.py`."""
