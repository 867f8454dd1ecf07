"""What tests share: small networks and datasets, files that do harm, servers on loopback."""
