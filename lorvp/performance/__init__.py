"""What trials cost: counted beforehand, or measured."""
