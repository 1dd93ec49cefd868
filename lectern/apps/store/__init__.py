"""The SQLite database behind the apps: one class for each table family, one thread for all calls."""
