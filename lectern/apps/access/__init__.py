"""Who may use the apps: this machine, everybody, or holders of keys; limits on tries; what is written down."""
