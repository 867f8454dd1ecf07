"""What this machine has and can: devices, precisions, memory, users."""
