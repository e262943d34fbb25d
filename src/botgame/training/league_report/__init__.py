"""The report behind `report_league`."""
