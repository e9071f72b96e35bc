"""What an installation keeps: accounts, credentials, consents, usage points and sealed days. The one door of SQL."""
