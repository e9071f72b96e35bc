"""What people see in a browser: the consent journey and the documentation. French first, then English."""
