"""The control page and its HTTP interface, served to this machine by waitress."""
