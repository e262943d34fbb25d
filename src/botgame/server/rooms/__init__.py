"""Rooms and the matches in them: messages in, messages out. No sockets, no clock."""
