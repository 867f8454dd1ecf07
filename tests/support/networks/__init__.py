"""Stand-ins for hubs, and small networks of every library."""
