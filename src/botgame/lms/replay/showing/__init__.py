"""Shows a replay to a person: pictures, films and web pages."""
